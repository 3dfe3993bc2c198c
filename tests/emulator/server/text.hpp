#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Small text tools of the emulator. It shares none with core/ (architecture.md D11).

namespace emulator {
inline namespace server {

[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Splits at every `separator`; an empty text gives one empty piece.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

/// Decodes `%xx`; a malformed escape stays as it is.
[[nodiscard]] std::string percent_decode(std::string_view text);
/// Encodes every byte that is neither unreserved nor listed in `also_legal`.
[[nodiscard]] std::string percent_encode(std::string_view text, std::string_view also_legal);

/// Unset when `text` is not Base64 (padding may be missing).
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

/// Decimal digits only, no sign; unset when anything else is there or it does not fit.
[[nodiscard]] std::optional<std::int64_t> parse_unsigned(std::string_view text);
/// Like Java's Long.parseLong: an optional sign, then digits.
[[nodiscard]] std::optional<std::int64_t> parse_long(std::string_view text);

/// Shell pattern with `*` and `?` over the whole of `text`.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text);

/// Random UUID, version 4, as StarRocks prints it.
[[nodiscard]] std::string random_uuid();

}  // namespace server
}  // namespace emulator
