#pragma once

#include "core/base/error.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace loadstar::starrocks {

/// Bounds of JSON that StarRocks sends us (delivery-and-faults.md 5.1, T10).
struct JsonLimits {
  std::size_t max_bytes = std::size_t{1} << 20U;
  std::size_t max_depth = 16;
};

/// Parses one JSON text of foreign origin: bounded size and depth, valid UTF-8, no duplicate keys,
/// no NaN, nothing but white space around it. kMalformedReply/kUnknown otherwise; the detail quotes
/// nothing of the text. Memory stays proportional to the text.
[[nodiscard]] Result<nlohmann::json> parse_bounded_json(std::string_view text,
                                                        const JsonLimits& limits = {});

/// Text of a message for logs and errors: control bytes as \xNN, at most 512 bytes.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace loadstar::starrocks
