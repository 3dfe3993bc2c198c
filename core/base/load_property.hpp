#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The load headers of StarRocks that clients and the configuration may set ("properties"): one list
// for Batch.properties (core/ingest) and for `defaults.properties`, `tables.X.properties`, `pinned`
// (config/).

namespace loadstar {

/// Most bytes of one header value that is sent to StarRocks (delivery-and-faults.md 5.1).
inline constexpr std::size_t kMaxHeaderValue = 8192;

/// What the value of a property must look like.
enum class PropertySyntax : std::uint8_t {
  kText,         ///< any text without control bytes, not empty
  kBoolean,      ///< `true` or `false`
  kRatio,        ///< decimal, 0..1
  kCount,        ///< whole number from 0
  kPositive,     ///< whole number from 1
  kRecordCount,  ///< whole number from -1
  kSeparator,    ///< see decode_separator()
  kSingleByte,   ///< one printable ASCII character
  kTimeZone,     ///< `+08:00` or a region such as `Asia/Shanghai`
  kUpdateMode,   ///< `row`, `auto`, `column`
  kCompression,  ///< a compression of starrocks-load-protocol.md 4.3
  kJsonPaths,    ///< JSON array of strings
  kJsonPath,     ///< begins with `$`
};

/// One property of the allow-list (architecture.md 7; starrocks-load-protocol.md 4.2).
struct LoadProperty {
  std::string_view name;  ///< StarRocks' header name, lower case
  PropertySyntax syntax = PropertySyntax::kText;
  /// Plain Stream Load only: not for exactly-once, not for `protocol: transaction`.
  bool stream_load_only = false;
  std::string_view help;
};

/// The whole allow-list, in the order of architecture.md 7.
[[nodiscard]] std::span<const LoadProperty> load_properties();

/// The property called exactly `name`, or nullptr.
[[nodiscard]] const LoadProperty* find_load_property(std::string_view name);

/// Why a header is not a property, if the daemon owns it or StarRocks has none such, in any case:
/// "is set by the daemon; use `label_prefix`". nullopt for allowed and for unknown names.
[[nodiscard]] std::optional<std::string_view> why_not_a_property(std::string_view name);

/// What is wrong with `value` for `property`, as the end of a sentence that begins with the value;
/// nullopt if nothing is.
[[nodiscard]] std::optional<std::string> check_property_value(const LoadProperty& property,
                                                              std::string_view value);

/// A separator as StarRocks understands it, or what is wrong with it.
struct DecodedSeparator {
  std::string bytes;
  std::string error;  ///< not empty = not usable; the end of a sentence that begins with the text

  [[nodiscard]] bool ok() const { return error.empty(); }
};

/// Header text to bytes: `\x01`, `0x0D0A`: hexadecimal; otherwise the text itself, in which `\t`
/// and
/// `\n` (two characters) are tab and line feed. 1..50 bytes, all below 0x80, since others do not
/// arrive (starrocks-load-protocol.md 11.2).
[[nodiscard]] DecodedSeparator decode_separator(std::string_view text);

/// Header text in hexadecimal, `\x0D0A`; the form that header parsing cannot spoil (11.2).
[[nodiscard]] std::string encode_separator(std::string_view bytes);

/// Properties that do not go together: the one to blame, and why.
struct PropertyConflict {
  std::string name;
  std::string message;
  /// StarRocks would take them, but the daemon could not hold then what it promises.
  bool breaks_promise = false;
};

/// All conflicts among properties whose values are good by themselves.
[[nodiscard]] std::vector<PropertyConflict> find_property_conflicts(
    const std::map<std::string, std::string>& properties);

/// Whether `name` is set to `true`.
[[nodiscard]] bool is_property_true(const std::map<std::string, std::string>& properties,
                                    const std::string& name);

/// True for `UTC`, `+08:00`, `Asia/Shanghai`: the syntax; whether a region exists is not looked up.
[[nodiscard]] bool is_time_zone(std::string_view text);

}  // namespace loadstar
