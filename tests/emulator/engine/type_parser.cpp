#include "tests/emulator/engine/type_parser.hpp"

#include "tests/emulator/engine/text.hpp"

#include <map>
#include <optional>

namespace emulator {

namespace {

std::optional<int> parse_length(TokenStream& tokens) {
  if (!tokens.accept_symbol("(")) return std::nullopt;
  const int length = tokens.expect_number();
  tokens.expect_symbol(")");
  return length;
}

Type bytes_type(TokenStream& tokens, Kind kind, int without, int most) {
  Type type = simple_type(kind);
  type.length = parse_length(tokens).value_or(without);
  if (type.length < 1 || type.length > most) {
    throw SqlError(
        "Getting analyzing error. Detail message: " + type_text(simple_type(kind)).substr(0, 7) +
        " size must be between 1 and " + std::to_string(most) + ".");
  }
  return type;
}

Type decimal_type(TokenStream& tokens, const std::string& name) {
  static const std::map<std::string, int> kMost = {{"DECIMAL", 38},    {"DECIMALV2", 27},
                                                   {"DECIMAL32", 9},   {"DECIMAL64", 18},
                                                   {"DECIMAL128", 38}, {"NUMERIC", 38}};
  Type type = simple_type(Kind::kDecimal);
  type.precision = 10;
  if (tokens.accept_symbol("(")) {
    type.precision = tokens.expect_number();
    if (tokens.accept_symbol(",")) type.scale = tokens.expect_number();
    tokens.expect_symbol(")");
  }
  const int most = kMost.at(name);
  if (type.precision < 1 || type.precision > most || type.scale < 0 ||
      type.scale > type.precision) {
    throw SqlError("Getting analyzing error. Detail message: " + name +
                   "'s precision should range from 1 to " + std::to_string(most) +
                   " and its scale from 0 to the precision.");
  }
  const int fitting = type.precision <= 9 ? 32 : type.precision <= 18 ? 64 : 128;
  type.bits = name == "DECIMALV2" ? 0
              : name == "DECIMAL32" || name == "DECIMAL64" || name == "DECIMAL128"
                  ? std::stoi(name.substr(7))
                  : fitting;
  return type;
}

Type nested_type(TokenStream& tokens, Kind kind) {
  Type type = simple_type(kind);
  tokens.expect_symbol("<");
  do {
    if (kind == Kind::kStruct) {
      type.fields.push_back(tokens.expect_name());
      tokens.accept_symbol(":");
    }
    type.children.push_back(parse_type(tokens));
  } while (tokens.accept_symbol(","));
  tokens.expect_symbol(">");
  const std::size_t expected = kind == Kind::kArray ? 1 : 2;
  if (kind != Kind::kStruct && type.children.size() != expected) {
    throw SqlError("Getting syntax error. Detail message: wrong number of types in " +
                   type_text(type) + ".");
  }
  return type;
}

}  // namespace

Type parse_type(TokenStream& tokens) {
  static const std::map<std::string, Kind> kSimple = {
      {"BOOLEAN", Kind::kBoolean}, {"BOOL", Kind::kBoolean},
      {"TINYINT", Kind::kTinyInt}, {"SMALLINT", Kind::kSmallInt},
      {"INT", Kind::kInt},         {"INTEGER", Kind::kInt},
      {"BIGINT", Kind::kBigInt},   {"LARGEINT", Kind::kLargeInt},
      {"FLOAT", Kind::kFloat},     {"DOUBLE", Kind::kDouble},
      {"DATE", Kind::kDate},       {"DATETIME", Kind::kDatetime},
      {"JSON", Kind::kJson},       {"BITMAP", Kind::kBitmap},
      {"HLL", Kind::kHll},         {"PERCENTILE", Kind::kPercentile}};
  if (tokens.peek().kind != Token::Kind::kName) tokens.fail();
  const std::string name = to_upper(tokens.peek().text);
  if (const auto simple = kSimple.find(name); simple != kSimple.end()) {
    tokens.next();
    // int(11) is a display width, datetime(6) a precision that StarRocks accepts and drops.
    if (is_integer(simple->second) || simple->second == Kind::kDatetime) (void)parse_length(tokens);
    return simple_type(simple->second);
  }
  if (name == "CHAR" || name == "CHARACTER") {
    tokens.next();
    return bytes_type(tokens, Kind::kChar, 1, 255);
  }
  if (name == "VARCHAR") {
    tokens.next();
    return bytes_type(tokens, Kind::kVarchar, kStringLength, kMaxVarcharLength);
  }
  if (name == "STRING" || name == "TEXT") {
    tokens.next();
    return bytes_type(tokens, Kind::kVarchar, kStringLength, kMaxVarcharLength);
  }
  if (name == "VARBINARY" || name == "BINARY") {
    tokens.next();
    return bytes_type(tokens, Kind::kVarbinary, kMaxVarcharLength, kMaxVarcharLength);
  }
  if (name == "ARRAY" || name == "MAP" || name == "STRUCT") {
    tokens.next();
    return nested_type(tokens, name == "ARRAY" ? Kind::kArray
                               : name == "MAP" ? Kind::kMap
                                               : Kind::kStruct);
  }
  if (name.rfind("DECIMAL", 0) == 0 || name == "NUMERIC") {
    static const std::string kNames = " DECIMAL DECIMALV2 DECIMAL32 DECIMAL64 DECIMAL128 NUMERIC ";
    if (kNames.find(" " + name + " ") != std::string::npos) {
      tokens.next();
      return decimal_type(tokens, name);
    }
  }
  tokens.fail();
}

}  // namespace emulator
