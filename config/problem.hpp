#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::config {

/// A place in the file: line and column from 1, the column in bytes. Line 0 = no place.
struct Mark {
  unsigned line = 0;
  unsigned column = 0;

  friend bool operator==(const Mark&, const Mark&) = default;
};

enum class Severity : std::uint8_t {
  kWarning,  ///< the daemon starts; `validate` says it
  kError,    ///< exit status 78
};

/// One thing that is wrong: where, what, and what would be right. Holds no secret: values of secret
/// keys, values that came from the environment and user information in URLs are never quoted.
struct Problem {
  Severity severity = Severity::kError;
  std::string file;
  Mark mark;
  std::string key;  ///< path, for example "tables.sales.orders.flush.interval"
  std::string message;
  std::string source;  ///< the line of the file at `mark` with secrets cut out; may be empty
};

/// Sorts by line, then column; problems at one place keep their order.
void sort_problems(std::vector<Problem>& problems);

[[nodiscard]] bool has_errors(const std::vector<Problem>& problems);

/// For people: `file:line:col: error: key: message`, the source line and a caret, for each problem
/// in the given order; then one line that counts them. Empty if there are none.
[[nodiscard]] std::string render_problems(const std::vector<Problem>& problems);

/// "`value`", shortened to 64 bytes, control bytes escaped; how messages quote what the file says.
[[nodiscard]] std::string quote(std::string_view value);

/// `text`, or its first 200 bytes and `...`; a UTF-8 character is not cut in two. For what a
/// problem repeats of the file beside its message: the line and the key.
[[nodiscard]] std::string shortened(std::string text);

}  // namespace loadstar::config
