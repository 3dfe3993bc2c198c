#pragma once

#include "config/document.hpp"
#include "config/options.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Every option, described once (architecture.md D10). Parser, errors, range checks, reference, JSON
// Schema and the printed configuration all come from these two tables; the default of an option is
// printed from a default-constructed Options.

namespace loadstar::config {

/// What one value of an option is, whatever C++ type holds it.
enum class Kind : std::uint8_t {
  kText,
  kSecret,
  kPath,
  kTimeZone,
  kBool,
  kInteger,
  kDecimal,
  kPercent,
  kSize,
  kDuration,
  kChoice,
  kListenAddress,
  kLoadUrl,
  kHostPort,
  kAllowPattern,
  kProperty,
};

/// How the values of an option are arranged in the file.
enum class Shape : std::uint8_t {
  kScalar,
  kList,    ///< replaces the inherited list
  kMap,     ///< merges into the inherited map
  kTables,  ///< `tables`: DATABASE.TABLE to a map of table options
};

/// Smallest and largest value: milliseconds, bytes, percent or the number itself.
struct Range {
  double min = 0;
  double max = 0;
};

/// Everything about an option but where it is stored.
struct Description {
  std::string key;  ///< path below the root, or below `defaults` and `tables.DB.TABLE`
  Kind kind = Kind::kText;
  Shape shape = Shape::kScalar;
  std::optional<Range> range;        ///< numbers only
  std::vector<std::string> choices;  ///< the words of kChoice
  bool auto_allowed = false;         ///< the word `auto` stands for "found out at start"
  bool required = false;             ///< has no default
  std::string help;                  ///< one or two sentences, no line breaks
  std::string starrocks;             ///< StarRocks' name: a header, a server setting; may be empty
  std::string flink;                 ///< the Flink connector's options, by comma; may be empty
};

/// Told what is wrong with a node: the node, and the end of a sentence or a whole one.
using Report = std::function<void(const Node& node, const std::string& message)>;

/// An option of `Owner`: Options, or TableOptions for what stands in `defaults` and
/// `tables.DB.TABLE`.
template <class Owner>
struct Option {
  Description about;
  /// Takes the value from the file. Text of another type or outside the range is reported, and the
  /// owner keeps the value it has.
  std::function<void(Owner& owner, const Node& node, const Report& report)> store;
  /// The value as the file would have it, on one line; secrets as `<redacted>`.
  std::function<std::string(const Owner& owner)> print;
  /// What is wrong with the value that is stored (range), or nullopt.
  std::function<std::optional<std::string>(const Owner& owner)> check;
};

/// All options except those of tables, in the order of operations.md 5.
[[nodiscard]] const std::vector<Option<Options>>& daemon_options();

/// The options of `defaults` and of `tables.DB.TABLE`.
[[nodiscard]] const std::vector<Option<TableOptions>>& table_options();

/// What a wrong key below `tables` is told.
inline constexpr std::string_view kTableNameMessage =
    "must be DATABASE.TABLE, one key with one dot, such as `sales.orders`";

/// "100ms..1m", "0..10"; empty without a range.
[[nodiscard]] std::string format_range(const Description& about);

/// What a value looks like, for people: "duration", "size", "list of addresses".
[[nodiscard]] std::string describe_type(const Description& about);

/// `text` as a YAML scalar that load() reads as `text`: plain if that is safe, else in double
/// quotes,
/// `${` escaped.
[[nodiscard]] std::string yaml_text(std::string_view text);

}  // namespace loadstar::config
