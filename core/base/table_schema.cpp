#include "core/base/table_schema.hpp"

#include "core/base/ascii.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace loadstar {
namespace {

struct KindName {
  std::string_view name;
  TypeKind kind;
};

/// Lower-case names as `_schema`, information_schema and DDL write them.
constexpr std::array kKindNames{
    KindName{"boolean", TypeKind::kBoolean},
    KindName{"bool", TypeKind::kBoolean},
    KindName{"tinyint", TypeKind::kTinyint},
    KindName{"smallint", TypeKind::kSmallint},
    KindName{"int", TypeKind::kInt},
    KindName{"integer", TypeKind::kInt},
    KindName{"bigint", TypeKind::kBigint},
    KindName{"bigint unsigned", TypeKind::kLargeint},
    KindName{"largeint", TypeKind::kLargeint},
    KindName{"float", TypeKind::kFloat},
    KindName{"double", TypeKind::kDouble},
    KindName{"decimal", TypeKind::kDecimal},
    KindName{"decimalv2", TypeKind::kDecimal},
    KindName{"decimal32", TypeKind::kDecimal},
    KindName{"decimal64", TypeKind::kDecimal},
    KindName{"decimal128", TypeKind::kDecimal},
    KindName{"decimal256", TypeKind::kDecimal},
    KindName{"char", TypeKind::kChar},
    KindName{"varchar", TypeKind::kVarchar},
    KindName{"string", TypeKind::kVarchar},
    KindName{"text", TypeKind::kVarchar},
    KindName{"binary", TypeKind::kVarbinary},
    KindName{"varbinary", TypeKind::kVarbinary},
    KindName{"date", TypeKind::kDate},
    KindName{"datetime", TypeKind::kDatetime},
    KindName{"json", TypeKind::kJson},
    KindName{"array", TypeKind::kArray},
    KindName{"map", TypeKind::kMap},
    KindName{"struct", TypeKind::kStruct},
    KindName{"bitmap", TypeKind::kBitmap},
    KindName{"hll", TypeKind::kHll},
    KindName{"percentile", TypeKind::kPercentile},
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Cuts at commas outside of brackets.
std::vector<std::string_view> split_top_level(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<' || text[i] == '(') ++depth;
    if (text[i] == '>' || text[i] == ')') --depth;
    if (text[i] == ',' && depth == 0) {
      parts.push_back(trim(text.substr(start, i - start)));
      start = i + 1;
    }
  }
  if (start < text.size()) parts.push_back(trim(text.substr(start)));
  return parts;
}

/// Types nest in practice three or four deep; foreign text gets no further than this.
constexpr int kMaxDepth = 32;

int to_int(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::max(value, 0);
}

ColumnType parse(std::string_view text, int depth) {
  ColumnType type;
  text = trim(text);
  if (depth > kMaxDepth) return type;
  const auto open = text.find_first_of("(<");
  const std::string name = to_lower(trim(text.substr(0, open)));
  const auto found = std::find_if(kKindNames.begin(), kKindNames.end(),
                                  [&](const KindName& entry) { return entry.name == name; });
  if (found == kKindNames.end()) return type;
  type.kind = found->kind;
  if (open == std::string_view::npos) return type;
  const char closing = text[open] == '(' ? ')' : '>';
  const auto close = text.rfind(closing);
  if (close == std::string_view::npos || close < open) return ColumnType{};
  const auto inside = split_top_level(text.substr(open + 1, close - open - 1));
  if (closing == ')') {
    if (type.kind == TypeKind::kDecimal) {
      if (!inside.empty()) type.precision = to_int(inside[0]);
      if (inside.size() > 1) type.scale = to_int(inside[1]);
    } else if (type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar ||
               type.kind == TypeKind::kVarbinary) {
      if (!inside.empty()) type.length = to_int(inside[0]);
    }
    return type;
  }
  for (std::string_view part : inside) {
    if (type.kind == TypeKind::kStruct) {
      const auto blank = part.find_first_of(" :");
      if (blank == std::string_view::npos) return ColumnType{};
      std::string_view field = trim(part.substr(0, blank));
      if (field.size() > 1 && field.front() == '`') field = field.substr(1, field.size() - 2);
      type.field_names.emplace_back(field);
      part = part.substr(blank + 1);
    }
    type.children.push_back(parse(part, depth + 1));
  }
  return type;
}

}  // namespace

ColumnType parse_column_type(std::string_view text) { return parse(text, 0); }

std::string to_string(const ColumnType& type) {
  const auto with_length = [&type](std::string_view name) {
    return type.length > 0 ? fmt::format("{}({})", name, type.length) : std::string(name);
  };
  switch (type.kind) {
    case TypeKind::kBoolean:
      return "BOOLEAN";
    case TypeKind::kTinyint:
      return "TINYINT";
    case TypeKind::kSmallint:
      return "SMALLINT";
    case TypeKind::kInt:
      return "INT";
    case TypeKind::kBigint:
      return "BIGINT";
    case TypeKind::kLargeint:
      return "LARGEINT";
    case TypeKind::kFloat:
      return "FLOAT";
    case TypeKind::kDouble:
      return "DOUBLE";
    case TypeKind::kDecimal:
      return type.precision > 0 ? fmt::format("DECIMAL({},{})", type.precision, type.scale)
                                : std::string("DECIMAL");
    case TypeKind::kChar:
      return with_length("CHAR");
    case TypeKind::kVarchar:
      return with_length("VARCHAR");
    case TypeKind::kVarbinary:
      return with_length("VARBINARY");
    case TypeKind::kDate:
      return "DATE";
    case TypeKind::kDatetime:
      return "DATETIME";
    case TypeKind::kJson:
      return "JSON";
    case TypeKind::kArray:
      return type.children.size() == 1 ? fmt::format("ARRAY<{}>", to_string(type.children[0]))
                                       : std::string("ARRAY");
    case TypeKind::kMap:
      return type.children.size() == 2 ? fmt::format("MAP<{},{}>", to_string(type.children[0]),
                                                     to_string(type.children[1]))
                                       : std::string("MAP");
    case TypeKind::kStruct: {
      std::string text = "STRUCT<";
      for (std::size_t i = 0; i < type.children.size(); ++i) {
        if (i > 0) text += ", ";
        text += fmt::format("{} {}", type.field_names[i], to_string(type.children[i]));
      }
      return type.children.empty() ? std::string("STRUCT") : text + ">";
    }
    case TypeKind::kBitmap:
      return "BITMAP";
    case TypeKind::kHll:
      return "HLL";
    case TypeKind::kPercentile:
      return "PERCENTILE";
    case TypeKind::kUnknown:
      return "UNKNOWN";
  }
  return "UNKNOWN";
}

std::string_view to_string(KeyModel model) {
  switch (model) {
    case KeyModel::kUnknown:
      return "";
    case KeyModel::kDuplicate:
      return "DUP_KEYS";
    case KeyModel::kUnique:
      return "UNIQUE_KEYS";
    case KeyModel::kAggregate:
      return "AGG_KEYS";
    case KeyModel::kPrimary:
      return "PRIMARY_KEYS";
  }
  return "";
}

const ColumnSchema* TableSchema::find(std::string_view name) const {
  for (const ColumnSchema& column : columns) {
    if (equal_ignoring_case(column.name, name)) return &column;
  }
  return nullptr;
}

}  // namespace loadstar
