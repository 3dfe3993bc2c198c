#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace emulator::testing {

/// Request or response headers in the order of the wire, names as written.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// An answer as it came over the wire.
struct Reply {
  int status = 0;
  HeaderList headers;
  std::string body;
  bool continued = false;  ///< a 100 came first

  /// Value by name, ignoring case; empty if absent.
  [[nodiscard]] std::string header(std::string_view name) const;
};

/// A blocking HTTP/1.1 connection that shows every byte's fate; knows nothing of StarRocks. Every
/// wait ends after 20 seconds with a std::runtime_error, so that no test hangs.
class TestClient {
 public:
  explicit TestClient(std::uint16_t port);
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  TestClient(TestClient&& other) noexcept;
  TestClient& operator=(TestClient&&) = delete;
  ~TestClient();

  /// False: the connection is gone.
  bool send(std::string_view bytes);
  /// The next answer, also a 100. Unset: the connection ended before a whole head came.
  std::optional<Reply> read_reply();
  /// True if nothing more than the end of the connection comes (FIN or RST).
  bool ended();
  /// True if bytes have arrived and were not read.
  bool readable_now();
  /// Closes now; `with_reset` by RST.
  void close(bool with_reset = false);

 private:
  bool fill();

  int socket_ = -1;
  std::string buffer_;
};

/// A request in wire form.
struct RequestText {
  std::string method;
  std::string target;
  HeaderList headers;
  std::string body;
  std::string version = "HTTP/1.1";

  [[nodiscard]] std::string head() const;
};

/// Sends a request the way a careful client does: with `Expect` it waits for 100 or a final answer
/// before the body. Content-Length is added when there is a body and no framing header. Unset: no
/// answer.
std::optional<Reply> exchange(TestClient& client, RequestText request);
std::optional<Reply> exchange(std::uint16_t port, RequestText request);

}  // namespace emulator::testing
