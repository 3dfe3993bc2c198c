#pragma once

#include "tests/emulator/engine/engine.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace emulator {
inline namespace server {

/// Which of StarRocks' two HTTP servers parses and answers: Netty in the FE, libevent in the BE.
enum class Flavor { kFrontend, kBackend, kAdmin };

/// The head of a request, and the body once someone has read it whole.
struct Request {
  std::string method;
  std::string target;  ///< as sent
  std::string path;    ///< target up to `?`, not decoded
  std::string query;   ///< after `?`, not decoded
  int minor_version = 1;
  std::vector<std::string> segments;  ///< of the path, percent-decoded
  Headers headers;  ///< lower-case names; of a repeated header the first value (2.1, 2.2)
  bool chunked = false;
  std::optional<std::int64_t> content_length;
  bool keep_alive = true;
  std::string client_address;
  std::string body;

  /// Value of a header; empty is the same as absent for every load header (2.2).
  [[nodiscard]] std::string header(const std::string& lower_case_name) const;
  /// First value of a query parameter, decoded.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
  /// A body is announced.
  [[nodiscard]] bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  /// `Expect: 100-continue` on HTTP/1.1.
  [[nodiscard]] bool expects_continue() const;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool close = false;  ///< the connection ends after this answer
};

/// Limits of the head: the request line, and all header lines together.
struct HeadLimits {
  std::size_t line = 0;
  std::size_t headers = 0;
};

/// Finds and parses request heads in the bytes of a connection.
class HeadParser {
 public:
  enum class Outcome { kNeedMore, kDone, kBad };

  explicit HeadParser(HeadLimits limits) : limits_(limits) {}

  /// Looks at all bytes that have arrived since the previous request. kDone: `consumed()` of them
  /// were the head. kBad: `reason()` says why.
  Outcome parse(std::string_view bytes);

  [[nodiscard]] Request& request() { return request_; }
  [[nodiscard]] std::size_t consumed() const { return consumed_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  bool parse_request_line(std::string_view line);
  bool parse_header_line(std::string_view line);
  bool finish();

  HeadLimits limits_;
  Request request_;
  std::size_t scanned_ = 0;
  std::size_t header_bytes_ = 0;
  bool have_line_ = false;
  std::size_t consumed_ = 0;
  std::string reason_;
};

/// The bytes of an answer. The FE writes lower-case names and says keep-alive; the BE adds Date and
/// libevent's default content type (2.1, 2.2). `keep_alive` is what the request asked for.
[[nodiscard]] std::string render(const Response& response, Flavor flavor, bool keep_alive,
                                 bool head_only);

/// libevent's HTML error page (417, 413, 400, 501): always closes.
[[nodiscard]] Response backend_page(int status);

[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace server
}  // namespace emulator
