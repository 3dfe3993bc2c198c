#pragma once

#include "core/http/transport.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace loadstar::test {

/// Answers a transport can give: a reply, a failure, or none until the deadline or a cancel.
struct Hang {
  Certainty certainty = Certainty::kUnknown;
};
using ScriptedAnswer = std::variant<http::Response, Error, Hang>;

/// A reply with a body.
[[nodiscard]] http::Response reply(unsigned status, std::string body);
/// A 307 to `location`.
[[nodiscard]] http::Response redirect_to(std::string location);
/// Connection refused: nothing was sent.
[[nodiscard]] Error refused();
/// The request was carried out, but its reply was lost.
[[nodiscard]] Error reply_lost();

/// An http::Transport that expects requests in order and answers each from its script. A request
/// that is not the next one fails the test (gtest, non-fatal) and gets kInvalidRequest; so does a
/// script that is not used up when the transport goes. One thread.
class ScriptedTransport final : public http::Transport {
 public:
  /// What was sent, as it was sent.
  struct Sent {
    http::Endpoint endpoint;
    http::Request request;
    Deadline deadline;
  };

  ~ScriptedTransport() override;

  /// The next request goes to `endpoint` ("http://fe1:8030") and begins with `line`
  /// ("POST /api/transaction/begin"); it gets `answer`.
  ScriptedTransport& expect(std::string endpoint, std::string line, ScriptedAnswer answer);

  boost::asio::awaitable<Result<http::Response>> send(http::Endpoint endpoint,
                                                      http::Request request,
                                                      Deadline deadline) override;

  [[nodiscard]] const std::vector<Sent>& sent() const { return sent_; }
  [[nodiscard]] bool used_up() const { return script_.empty(); }

 private:
  struct Step {
    std::string endpoint;
    std::string line;
    ScriptedAnswer answer;
  };

  std::deque<Step> script_;
  std::vector<Sent> sent_;
};

/// Wraps a transport and spoils one of its calls: the n-th, counted from 0.
class FaultyTransport final : public http::Transport {
 public:
  enum class Fault { kBefore, kReplyLost, kServerError, kGarbage };

  /// `inner` outlives this.
  FaultyTransport(http::Transport& inner, std::size_t call, Fault fault)
      : inner_(inner), call_(call), fault_(fault) {}

  boost::asio::awaitable<Result<http::Response>> send(http::Endpoint endpoint,
                                                      http::Request request,
                                                      Deadline deadline) override;

  /// Whether as many calls were made; false: the loop over n is at its end.
  [[nodiscard]] bool fired() const { return calls_ > call_; }

 private:
  http::Transport& inner_;
  std::size_t call_;
  Fault fault_;
  std::size_t calls_ = 0;
};

/// Value of the field called `name` in any case; empty if there is none.
[[nodiscard]] std::string field_of(const http::Request& request, std::string_view name);

}  // namespace loadstar::test
