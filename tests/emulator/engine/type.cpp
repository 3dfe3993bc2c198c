#include "tests/emulator/engine/type.hpp"

namespace emulator {

namespace {

std::string plain_name(Kind kind) {
  switch (kind) {
    case Kind::kBoolean:
      return "BOOLEAN";
    case Kind::kTinyInt:
      return "TINYINT";
    case Kind::kSmallInt:
      return "SMALLINT";
    case Kind::kInt:
      return "INT";
    case Kind::kBigInt:
      return "BIGINT";
    case Kind::kLargeInt:
      return "LARGEINT";
    case Kind::kFloat:
      return "FLOAT";
    case Kind::kDouble:
      return "DOUBLE";
    case Kind::kDecimal:
      return "DECIMAL";
    case Kind::kChar:
      return "CHAR";
    case Kind::kVarchar:
      return "VARCHAR";
    case Kind::kVarbinary:
      return "VARBINARY";
    case Kind::kDate:
      return "DATE";
    case Kind::kDatetime:
      return "DATETIME";
    case Kind::kJson:
      return "JSON";
    case Kind::kArray:
      return "ARRAY";
    case Kind::kMap:
      return "MAP";
    case Kind::kStruct:
      return "STRUCT";
    case Kind::kBitmap:
      return "BITMAP";
    case Kind::kHll:
      return "HLL";
    case Kind::kPercentile:
      return "PERCENTILE";
  }
  return {};
}

}  // namespace

Type text_type() {
  Type type;
  type.length = kMaxVarcharLength;
  return type;
}

Type simple_type(Kind kind) {
  Type type;
  type.kind = kind;
  return type;
}

bool is_integer(Kind kind) { return kind >= Kind::kTinyInt && kind <= Kind::kLargeInt; }

bool is_string(Kind kind) { return kind == Kind::kChar || kind == Kind::kVarchar; }

bool is_number(Kind kind) { return kind <= Kind::kDecimal; }

std::string type_text(const Type& type) {
  std::string text = plain_name(type.kind);
  switch (type.kind) {
    case Kind::kChar:
    case Kind::kVarchar:
      return text + "(" + std::to_string(type.length) + ")";
    case Kind::kVarbinary:
      return type.length == kMaxVarcharLength ? text
                                              : text + "(" + std::to_string(type.length) + ")";
    case Kind::kDecimal:
      return text + "(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    case Kind::kArray:
    case Kind::kMap:
    case Kind::kStruct: {
      text += '<';
      for (std::size_t i = 0; i < type.children.size(); ++i) {
        if (i != 0) text += ',';
        if (type.kind == Kind::kStruct) text += type.fields[i] + " ";
        text += type_text(type.children[i]);
      }
      return text + ">";
    }
    default:
      return text;
  }
}

std::string primitive_name(const Type& type) {
  switch (type.kind) {
    case Kind::kDecimal:
      return type.bits == 0 ? "DECIMALV2" : "DECIMAL" + std::to_string(type.bits);
    case Kind::kArray:
    case Kind::kMap:
    case Kind::kStruct:
      return "INVALID_TYPE";
    default:
      return plain_name(type.kind);
  }
}

}  // namespace emulator
