#pragma once

#include "tests/emulator/server/json.hpp"
#include "tests/emulator/server/route.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {
inline namespace server {

/// When a fault strikes, seen from the state change that the request asks for (trap E16).
enum class FaultPhase {
  kBefore,  ///< the head has arrived (for POST: the whole request); nothing has been done
  kBody,    ///< `after_bytes` of the body have been taken
  kAfter,   ///< everything has been done; only the answer is missing
};

enum class FaultAction {
  kReset,      ///< the connection ends with RST
  kDropReply,  ///< the connection ends with FIN and no answer
  kRefuse,  ///< reset, and the listener refuses connections for `delay` (0: until told otherwise)
  kDelay,   ///< waits `delay`; before: delivery is late, even if the client has gone (E17)
  kDuplicate,         ///< the same request is carried out once more, `delay` after the answer (E17)
  kHalfBody,          ///< answer's head and half of its body, then RST
  kHttpStatus,        ///< an HTML page with `status` instead of the answer
  kMalformedJson,     ///< an answer whose body is not JSON
  kTruncatedJson,     ///< an answer whose JSON is cut short, with a matching Content-Length
  kWrongContentType,  ///< the answer labelled as an image
  kRedirectDead,      ///< 307 to a port that refuses connections
  kRedirectLoop,      ///< 307 to this very URL
  kRedirectForeign,   ///< 307 to `text` (scheme, host and port)
  kStatusWord,        ///< the answer's Status (or status) is `text`
  kLabelExists,       ///< Status says that the label exists, ExistingJobStatus is `text`
  kTooManyVersions,   ///< the write fails: too many versions (4.10)
  kSlowDrip,          ///< the answer comes byte by byte, `delay` between two
  kHang,              ///< no answer until the client goes away or `delay` has passed (0: for ever)
  kPublishDelay,      ///< this commit's rows become visible only after `delay` of emulated time
};

/// One fault: which requests it waits for and what it does to them.
struct FaultRule {
  /// "load" (any server), "fe.load", "be.load", globs allowed; names as in Route.
  std::string operation = "*";
  /// Glob over the label of the request.
  std::string label = "*";
  /// Strikes at the nth request that fits (1 is the first), and at `times` in a row (0: for ever).
  std::int64_t nth = 1;
  std::int64_t times = 1;
  FaultPhase phase = FaultPhase::kBefore;
  FaultAction action = FaultAction::kReset;
  std::chrono::milliseconds delay{0};
  std::int64_t after_bytes = 0;
  int status = 500;
  std::string text;
};

/// A rule from the admin listener's JSON; `error` says what is wrong with it.
[[nodiscard]] std::optional<FaultRule> parse_fault(const Json& json, std::string& error);
[[nodiscard]] std::string_view name_of(FaultAction action);

/// All rules in force, with their counts of hits. Confined to the emulator's thread.
class Faults {
 public:
  void add(FaultRule rule);
  void clear();

  /// Counts the request in every rule that fits it and returns those that strike.
  [[nodiscard]] std::vector<FaultRule> strike(std::string_view server, const Route& route);

 private:
  struct Counted {
    FaultRule rule;
    std::int64_t hits = 0;
  };
  std::vector<Counted> rules_;
};

}  // namespace server
}  // namespace emulator
