#include "core/starrocks/error_log.hpp"

#include "core/base/ascii.hpp"
#include "core/starrocks/server_url.hpp"
#include "core/starrocks/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace loadstar::starrocks {
namespace {

/// Length of the UTF-8 character at the front of `text`, 0 if it is none (Unicode 15, table 3-7).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&byte](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool too_large = first == 0xf4 && byte(1) > 0x8f;
    return continues(1) && continues(2) && continues(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

std::string sanitise(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    const auto byte = static_cast<unsigned char>(c);
    if (length == 0) {
      safe += '?';
    } else if ((byte < 0x20 && c != '\n') || byte == 0x7f) {
      safe += fmt::format("\\x{:02x}", byte);
    } else {
      safe += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return safe;
}

}  // namespace

Result<http::Url> parse_error_url(std::string_view text) {
  auto url = parse_server_url(text);
  if (!url) return url.error();
  if (!url->target.starts_with("/api/_load_error_log?")) {
    return Error{Errc::kRedirectFailed, Certainty::kNotApplied, "no URL of an error log"};
  }
  return url;
}

Result<std::string> read_error_log(const http::Response& response) {
  constexpr unsigned kOk = 200;
  constexpr unsigned kNotFound = 404;
  if (response.status == kNotFound) {
    return Error{Errc::kNotFound, Certainty::kNotApplied, "the error log is not kept any more"};
  }
  if (response.status != kOk) {
    Error error = judge_http_status(response.status, response.body, false);
    error.certainty = Certainty::kNotApplied;
    return error;
  }
  std::string_view text = response.body;
  if (text.size() > kMaxErrorLog) {
    text = text.substr(0, kMaxErrorLog);
    const std::size_t line_end = text.rfind('\n');
    if (line_end != std::string_view::npos) text = text.substr(0, line_end + 1);
  }
  return sanitise(text);
}

RejectedFor rejected_for(std::string_view text) {
  struct Words {
    std::string_view words;
    RejectedFor reason;
  };
  // What is told of a row comes after "Row:", and can hold any words.
  static constexpr std::array kWords{
      Words{"NULL value in non-nullable column", RejectedFor::kNull},
      Words{"out of partition ranges", RejectedFor::kPartition},
      Words{"is too long. The max length", RejectedFor::kLength},
      Words{"doesn't match source value column count", RejectedFor::kParse},
      Words{"Invalid UTF-8", RejectedFor::kParse},
      Words{"is out of range. The type of", RejectedFor::kRange},
      // "The field (name = c, pos = i) is out of range": the text of a CSV value does not fit.
      Words{"is out of range. Type:", RejectedFor::kType},
      Words{"Value is not", RejectedFor::kType},
      Words{"json", RejectedFor::kParse},
      Words{"parse", RejectedFor::kParse},
      Words{"convert", RejectedFor::kType},
      Words{"cast", RejectedFor::kType},
  };
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    line = line.substr(0, line.find("Row:"));
    for (const Words& words : kWords) {
      if (contains_ignoring_case(line, words.words)) return words.reason;
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return RejectedFor::kOther;
}

}  // namespace loadstar::starrocks
