#pragma once

#include "tests/emulator/engine/type.hpp"
#include "tests/emulator/engine/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

/// What functions see of the world, fixed for a load as in StarRocks.
struct FunctionContext {
  std::int64_t now = 0;  ///< seconds since 1970
  std::string zone = "Asia/Shanghai";
};

/// Arguments of one call. With `null_in_null_out` no argument is NULL.
struct FunctionCall {
  const Values& arguments;
  const std::vector<Type>& types;
  const Type& result;
  const FunctionContext& context;

  [[nodiscard]] std::string text(std::size_t i) const;
  [[nodiscard]] std::optional<double> number(std::size_t i) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::size_t i) const;
};

/// One function or operator. Operators have names that no function has: "=", "and", "cast".
struct FunctionInfo {
  std::string_view name;
  int least = 0;  ///< arguments
  int most = 0;
  /// Type of the result for the types of the arguments.
  Type (*result)(const std::vector<Type>& types);
  Value (*call)(const FunctionCall& call);
  bool null_in_null_out = true;
};

/// The function with this name in lower case; nullptr if the emulator does not have it.
[[nodiscard]] const FunctionInfo* find_function(std::string_view name);

/// All functions, for the query side.
[[nodiscard]] const std::vector<FunctionInfo>& all_functions();

/// Groups of functions, each in a file of its own.
[[nodiscard]] std::vector<FunctionInfo> logic_functions();
[[nodiscard]] std::vector<FunctionInfo> number_functions();
[[nodiscard]] std::vector<FunctionInfo> text_functions();
[[nodiscard]] std::vector<FunctionInfo> time_functions();
[[nodiscard]] std::vector<FunctionInfo> sketch_functions();

/// Result types that do not depend on the arguments.
template <Kind kKind>
Type returns(const std::vector<Type>& /*types*/) {
  return kKind == Kind::kVarchar ? text_type() : simple_type(kKind);
}

/// now() of a load: its DATETIME text in the load's time zone.
[[nodiscard]] std::string now_text(const FunctionContext& context);

/// Orders two values that are not NULL as StarRocks compares their types.
[[nodiscard]] std::optional<int> compare_typed(const Value& left, const Type& left_type,
                                               const Value& right, const Type& right_type);

/// Type that holds values of all these types: IF, COALESCE, CASE.
[[nodiscard]] Type common_type(const std::vector<Type>& types, std::size_t first);

}  // namespace emulator
