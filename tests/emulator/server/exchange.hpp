#pragma once

#include "tests/emulator/server/clock.hpp"
#include "tests/emulator/server/faults.hpp"
#include "tests/emulator/server/http.hpp"
#include "tests/emulator/server/route.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {
inline namespace server {

/// What reading the body gave.
struct BodyPiece {
  enum class Kind {
    kBytes,    ///< `bytes` came; ask again
    kEnd,      ///< the body is complete
    kBroken,   ///< the connection ended inside the body
    kRefused,  ///< malformed chunk, or chunked body beyond the limit: answer 413 (4.5)
  };
  Kind kind = Kind::kEnd;
  std::string_view bytes;  ///< valid until the next read
};

/// One request on its way through a server. Whoever handles it decides on the head before it reads
/// the body.
class Exchange {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  Request request;
  Route route;
  /// Rules that strike this exchange.
  std::vector<FaultRule> faults;
  /// Body bytes taken so far.
  std::int64_t body_bytes = 0;
  /// Bound for chunked bodies; declared lengths are the handler's business (4.4).
  std::int64_t chunked_limit = 0;

  /// The next bytes of the body. The first call says `100 Continue` if the client waits for it
  /// (2.4).
  virtual asio::awaitable<BodyPiece> read_body() = 0;

  [[nodiscard]] const FaultRule* fault(FaultAction action) const {
    for (const FaultRule& rule : faults) {
      if (rule.action == action) return &rule;
    }
    return nullptr;
  }
};

/// What stands behind a listener. An empty optional means that nobody is left to answer.
class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;
  virtual asio::awaitable<std::optional<Response>> handle(Exchange& exchange) = 0;
};

}  // namespace server
}  // namespace emulator
