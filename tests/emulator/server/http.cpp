#include "tests/emulator/server/http.hpp"

#include "tests/emulator/server/text.hpp"

#include <array>
#include <ctime>

namespace emulator {
inline namespace server {
namespace {

/// Leading blanks, trailing blanks and tabs go (2.2); a lone tab counts as empty.
std::string_view trim_value(std::string_view value) {
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  return value;
}

bool token_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7F && c != ':' && c != '"' && c != '(' && c != ')' && c != ',' &&
         c != ';';
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

}  // namespace

std::string Request::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

std::optional<std::string> Request::parameter(std::string_view name) const {
  if (query.empty()) return std::nullopt;
  for (const std::string& pair : split(query, '&')) {
    const auto equals = pair.find('=');
    if (percent_decode(std::string_view(pair).substr(0, equals)) != name) continue;
    if (equals == std::string::npos) return std::string();
    std::string value = pair.substr(equals + 1);
    for (char& c : value) {
      if (c == '+') c = ' ';
    }
    return percent_decode(value);
  }
  return std::nullopt;
}

bool Request::expects_continue() const {
  return minor_version >= 1 && equals_ignoring_case(header("expect"), "100-continue");
}

HeadParser::Outcome HeadParser::parse(std::string_view bytes) {
  while (true) {
    const auto end = bytes.find('\n', scanned_);
    const std::size_t length = (end == std::string_view::npos ? bytes.size() : end) - scanned_;
    if (!have_line_ && length > limits_.line) {
      reason_ = "An HTTP line is larger than " + std::to_string(limits_.line) + " bytes.";
      return Outcome::kBad;
    }
    if (have_line_ && header_bytes_ + length > limits_.headers) {
      reason_ = "HTTP header is larger than " + std::to_string(limits_.headers) + " bytes.";
      return Outcome::kBad;
    }
    if (end == std::string_view::npos) return Outcome::kNeedMore;
    std::string_view line = bytes.substr(scanned_, length);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    scanned_ = end + 1;
    if (!have_line_) {
      if (line.empty()) continue;  // blank lines before a request are skipped
      if (!parse_request_line(line)) return Outcome::kBad;
      have_line_ = true;
      continue;
    }
    header_bytes_ += length + 1;
    if (line.empty()) {
      consumed_ = scanned_;
      return finish() ? Outcome::kDone : Outcome::kBad;
    }
    if (!parse_header_line(line)) return Outcome::kBad;
  }
}

bool HeadParser::parse_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == 0 || last == first) {
    reason_ = "invalid request line";
    return false;
  }
  request_.method = std::string(line.substr(0, first));
  request_.target = std::string(line.substr(first + 1, last - first - 1));
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    reason_ = "invalid version format: " + std::string(version);
    return false;
  }
  request_.minor_version = version.back() - '0';
  std::string target = request_.target;
  if (target.starts_with("http://")) {
    const auto slash = target.find('/', 7);
    target = slash == std::string::npos ? "/" : target.substr(slash);
  }
  if (target.empty() || target.front() != '/') {
    reason_ = "invalid request target";
    return false;
  }
  const auto question = target.find('?');
  request_.path = target.substr(0, question);
  if (question != std::string::npos) request_.query = target.substr(question + 1);
  for (const std::string& segment : split(std::string_view(request_.path).substr(1), '/')) {
    request_.segments.push_back(percent_decode(segment));
  }
  // Both servers match by segments and do not see slashes at the end (2.1).
  while (!request_.segments.empty() && request_.segments.back().empty())
    request_.segments.pop_back();
  return true;
}

bool HeadParser::parse_header_line(std::string_view line) {
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  bool valid = colon != std::string_view::npos && !name.empty();
  for (const char c : name) valid = valid && token_byte(c);
  if (!valid) {
    reason_ = "invalid header line";
    return false;
  }
  const std::string_view value = trim_value(line.substr(colon + 1));
  request_.headers.emplace(to_lower(name), value == "\t" ? std::string_view() : value);
  return true;
}

bool HeadParser::finish() {
  const std::string connection = to_lower(request_.header("connection"));
  request_.keep_alive =
      request_.minor_version >= 1 ? connection != "close" : connection == "keep-alive";
  request_.chunked = equals_ignoring_case(request_.header("transfer-encoding"), "chunked");
  const std::string length = request_.header("content-length");
  if (!length.empty()) {
    request_.content_length = parse_unsigned(length);
    if (!request_.content_length) {
      reason_ = "invalid Content-Length: " + length;
      return false;
    }
  }
  return true;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Request Entity Too Large";
    case 417:
      return "Expectation Failed";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

std::string render(const Response& response, Flavor flavor, bool keep_alive, bool head_only) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " +
                    std::string(reason_phrase(response.status));
  out += "\r\n";
  bool has_type = false;
  for (const auto& [name, value] : response.headers) {
    has_type = has_type || equals_ignoring_case(name, "content-type");
    out.append(name).append(": ").append(value).append("\r\n");
  }
  const std::string length = std::to_string(response.body.size());
  const bool close = response.close || !keep_alive;
  if (flavor == Flavor::kBackend) {
    out += "Date: " + http_date() + "\r\n";
    if (close) out += "Connection: close\r\n";
    out += "Content-Length: " + length + "\r\n";
    if (!has_type) out += "Content-Type: text/html; charset=ISO-8859-1\r\n";
  } else {
    out += "content-length: " + length + "\r\n";
    out += close ? "connection: close\r\n" : "connection: keep-alive\r\n";
  }
  out += "\r\n";
  if (!head_only) out += response.body;
  return out;
}

Response backend_page(int status) {
  const std::string phrase(reason_phrase(status));
  Response page;
  page.status = status;
  page.headers = {{"Content-Type", "text/html"}};
  page.body = "<HTML><HEAD>\n<TITLE>" + std::to_string(status) + " " + phrase +
              "</TITLE>\n</HEAD><BODY>\n<H1>" + phrase + "</H1>\n</BODY></HTML>\n";
  page.close = true;
  return page;
}

}  // namespace server
}  // namespace emulator
