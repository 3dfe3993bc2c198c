#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar {

/// StarRocks' column types, as far as a load can tell them apart
/// (starrocks-load-protocol.md 8.5, 11.3).
enum class TypeKind : std::uint8_t {
  kBoolean,
  kTinyint,
  kSmallint,
  kInt,
  kBigint,
  kLargeint,
  kFloat,
  kDouble,
  kDecimal,
  kChar,
  kVarchar,
  kVarbinary,
  kDate,
  kDatetime,
  kJson,
  kArray,
  kMap,
  kStruct,
  kBitmap,
  kHll,
  kPercentile,
  kUnknown,  ///< the schema source did not say (INVALID_TYPE of `_schema`), or we do not know the
             ///< name
};

/// A column type with its parameters. `children`: element of ARRAY; key and value of MAP; fields of
/// STRUCT, whose names are in `field_names`. Empty children = not known.
struct ColumnType {
  TypeKind kind = TypeKind::kUnknown;
  int precision = 0;  ///< DECIMAL; 0 = not known
  int scale = 0;      ///< DECIMAL
  int length = 0;     ///< CHAR, VARCHAR, VARBINARY in bytes; 0 = not known
  std::vector<ColumnType> children;
  std::vector<std::string> field_names;
};

/// Parses type text such as "DECIMAL(18,4)", "int(11)", "array<varchar(20)>", "DECIMAL64",
/// "decimal64(18, 4)", "struct<a int, b map<int,string>>"; any case. What it does not know is
/// kUnknown.
[[nodiscard]] ColumnType parse_column_type(std::string_view text);

/// StarRocks' spelling, for messages: "DECIMAL(18,4)".
[[nodiscard]] std::string to_string(const ColumnType& type);

struct ColumnSchema {
  std::string name;
  ColumnType type;
  bool nullable = true;  ///< true also when not known
  bool key = false;
  bool has_default = false;  ///< can be left out of a load
  bool generated = false;    ///< computed by StarRocks, cannot be loaded
};

enum class KeyModel : std::uint8_t { kUnknown, kDuplicate, kUnique, kAggregate, kPrimary };

/// "PRIMARY_KEYS", "DUP_KEYS", ... as StarRocks names them (8.5); empty for kUnknown.
[[nodiscard]] std::string_view to_string(KeyModel model);

/// A table as StarRocks describes it now (architecture.md D12).
struct TableSchema {
  KeyModel key_model = KeyModel::kUnknown;
  std::vector<ColumnSchema> columns;  ///< in table order
  /// False if the source told types only (`_schema`): nullability, keys and defaults are not known.
  bool complete = false;
  /// False if parameters of types (elements of ARRAY, MAP and STRUCT above all) are missing because
  /// StarRocks does not tell them to this account or in this version: values within them then go
  /// as they are, and StarRocks converts them.
  bool exact = true;

  /// Column called `name` (names compare without case, starrocks-load-protocol.md 11.6) or nullptr.
  [[nodiscard]] const ColumnSchema* find(std::string_view name) const;
};

}  // namespace loadstar
