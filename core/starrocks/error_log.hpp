#pragma once

#include "core/base/error.hpp"
#include "core/base/metrics.hpp"
#include "core/http/message.hpp"
#include "core/http/url.hpp"

#include <string>
#include <string_view>

namespace loadstar::starrocks {

/// Longest error log that is kept (F240).
inline constexpr std::size_t kMaxErrorLog = std::size_t{64} << 10U;

/// Parses an `ErrorURL`: besides the rules of parse_server_url() the path must be the one BEs have
/// for error logs (4.8), so that a forged URL reaches nothing else on a known host (T12).
/// kRedirectFailed/kNotApplied otherwise.
[[nodiscard]] Result<http::Url> parse_error_url(std::string_view text);

/// Text of an error log: at most 64 KiB, cut at a line if possible; line ends stay, every other
/// control byte becomes \xNN, and bytes that are no UTF-8 become '?'. Holds row data: for the
/// client whose rows they are, never for a log. kNotFound if the BE has it no more, else as
/// judge_http_status().
[[nodiscard]] Result<std::string> read_error_log(const http::Response& response);

/// Why StarRocks kept rows out, by the first reason in `text` that is known: a line of an error log
/// or the message of a reply (4.8). Words only, never row data.
[[nodiscard]] RejectedFor rejected_for(std::string_view text);

}  // namespace loadstar::starrocks
