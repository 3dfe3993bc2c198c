#pragma once

#include <string>
#include <vector>

namespace emulator {

/// StarRocks' column types.
enum class Kind {
  kBoolean,
  kTinyInt,
  kSmallInt,
  kInt,
  kBigInt,
  kLargeInt,
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
};

/// A StarRocks type with its parameters.
struct Type {
  Kind kind = Kind::kVarchar;
  int length = 0;                   ///< CHAR, VARCHAR, VARBINARY: most bytes
  int precision = 0;                ///< DECIMAL
  int scale = 0;                    ///< DECIMAL
  int bits = 0;                     ///< DECIMAL: 32, 64, 128; 0 is DECIMALV2
  std::vector<Type> children;       ///< ARRAY: element; MAP: key, value; STRUCT: fields
  std::vector<std::string> fields;  ///< STRUCT: names of the fields
};

/// Longest VARCHAR that STRING stands for.
inline constexpr int kStringLength = 65533;
/// Longest VARCHAR and VARBINARY there is.
inline constexpr int kMaxVarcharLength = 1048576;

/// VARCHAR without a limit that matters: what a field is before it is converted.
[[nodiscard]] Type text_type();
[[nodiscard]] Type simple_type(Kind kind);

[[nodiscard]] bool is_integer(Kind kind);  ///< TINYINT to LARGEINT
[[nodiscard]] bool is_string(Kind kind);   ///< CHAR and VARCHAR
[[nodiscard]] bool is_number(Kind kind);   ///< BOOLEAN to DECIMAL

/// As declared, upper-case: "DECIMAL(10,2)", "ARRAY<INT>", "VARCHAR(10)".
[[nodiscard]] std::string type_text(const Type& type);

/// As `_schema` names it (starrocks-load-protocol.md 8.5): "DECIMAL64", "INVALID_TYPE" for nested
/// types.
[[nodiscard]] std::string primitive_name(const Type& type);

}  // namespace emulator
