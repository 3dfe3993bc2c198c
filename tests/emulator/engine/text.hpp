#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace emulator {

/// ASCII only, as SQL's keywords and StarRocks' header values.
[[nodiscard]] std::string to_upper(std::string_view text);
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] bool equal_ignore_case(std::string_view left, std::string_view right);

/// Without leading and trailing white space (blank, tab, CR, LF, VT, FF).
[[nodiscard]] std::string_view trim_white(std::string_view text);
/// Without leading and trailing blanks (0x20).
[[nodiscard]] std::string_view trim_blanks(std::string_view text);

/// Strict Base64 with padding; unset if `text` is not that.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
[[nodiscard]] std::string base64_encode(std::string_view bytes);

/// Pairs of hexadecimal digits to bytes; unset if `text` is not that.
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);
[[nodiscard]] std::string hex_encode(std::string_view bytes);  ///< upper-case

[[nodiscard]] bool valid_utf8(std::string_view text);

}  // namespace emulator
