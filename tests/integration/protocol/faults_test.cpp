// Every fault that the emulator has against every operation: what the client says must agree with
// what the leader knows (delivery-and-faults.md 3.2 C to G, I to L, N, P). The rule is one: success
// and kNotApplied are claims, and a claim may never be wrong; kUnknown claims nothing.

#include "tests/integration/protocol/protocol_fixture.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <functional>

namespace loadstar::starrocks {
namespace {

using emulator::FaultAction;
using emulator::FaultPhase;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// An operation on label "x", with the states of the label before it, and after it if it was
/// applied.
struct Operation {
  const char* name;
  std::function<void()> before;
  std::function<std::optional<Error>()> call;
  std::string initial;
  std::vector<std::string> applied;
};

class FaultsTest : public ProtocolTest {
 protected:
  void SetUp() override {
    pool_options.expect_continue_timeout = milliseconds(400);
    pool_options.send_stall_timeout = milliseconds(400);
    options.query_timeout = milliseconds(1500);
    start();
  }

  [[nodiscard]] static Deadline soon() { return in(milliseconds(1200)); }

  template <class T>
  static std::optional<Error> error_of(const Result<T>& result) {
    if (result) return std::nullopt;
    return result.error();
  }
  static std::optional<Error> error_of(const LoadOutcome& outcome) {
    if (outcome.verdict == LoadVerdict::kDone) return std::nullopt;
    return outcome.error;
  }

  std::vector<Operation> operations() {
    const auto nothing = [] {};
    return {
        {"begin",
         nothing,
         [this] { return error_of(run(client_->begin(table, label_, timeout, soon()))); },
         "UNKNOWN",
         {"PREPARE"}},
        {"prepare",
         [this] { open(label_); },
         [this] { return error_of(run(client_->prepare(table, label_, timeout, soon()))); },
         "PREPARE",
         {"PREPARED"}},
        {"commit",
         [this] { prepare(label_); },
         [this] { return error_of(run(client_->commit(table, label_, timeout, soon()))); },
         "PREPARED",
         {"COMMITTED", "VISIBLE"}},
        {"rollback",
         [this] { prepare(label_); },
         [this] { return error_of(run(client_->rollback(table, label_, soon()))); },
         "PREPARED",
         {"ABORTED"}},
        {"stream_load",
         nothing,
         [this] { return error_of(run(client_->stream_load(csv(label_), timeout, soon()))); },
         "UNKNOWN",
         {"COMMITTED", "VISIBLE"}},
    };
  }

  /// Runs the operation under the faults that are set, and holds what it says against the leader.
  std::optional<Error> check(const Operation& operation, const std::string& what) {
    const auto error = operation.call();
    cluster_->clear_faults();
    const std::string now = state(label_);
    const bool was_applied = std::find(operation.applied.begin(), operation.applied.end(), now) !=
                             operation.applied.end();
    const std::string said = error ? describe(*error) : "success";
    if (!error) {
      EXPECT_TRUE(was_applied) << operation.name << " " << what << ": success, but " << now;
    } else if (error->certainty == Certainty::kNotApplied) {
      EXPECT_FALSE(was_applied) << operation.name << " " << what << ": " << said << ", but " << now;
    }
    return error;
  }

  void next_label() { label_ = "x" + std::to_string(++labels_); }

  std::string label_;
  int labels_ = 0;
};

struct Fault {
  const char* name;
  FaultAction action;
  std::string text;
};

const std::vector<Fault>& faults() {
  static const std::vector<Fault> kFaults{
      {"reset", FaultAction::kReset, ""},
      {"drop", FaultAction::kDropReply, ""},
      {"half body", FaultAction::kHalfBody, ""},
      {"5xx", FaultAction::kHttpStatus, ""},
      {"malformed", FaultAction::kMalformedJson, ""},
      {"truncated", FaultAction::kTruncatedJson, ""},
      {"content type", FaultAction::kWrongContentType, ""},
      {"dead redirect", FaultAction::kRedirectDead, ""},
      {"redirect loop", FaultAction::kRedirectLoop, ""},
      {"foreign redirect", FaultAction::kRedirectForeign, "http://192.0.2.1:8040"},
      {"status word", FaultAction::kStatusWord, "Succeeded"},
      {"failed", FaultAction::kStatusWord, "FAILED"},
      {"no such transaction", FaultAction::kStatusWord, "TXN_NOT_EXISTS"},
  };
  return kFaults;
}

/// An OK of rollback without the work done: no real server tells that lie, and nothing in the reply
/// need give it away, since OK without a TxnId is the BE's whole answer (5.8).
bool is_believable_lie(const std::string& operation, FaultAction action) {
  return operation == "rollback" && action == FaultAction::kWrongContentType;
}

/// Whether the fault, struck after the work was done, must leave the outcome unknown; the other
/// faults tell of it some other way, or hide nothing.
bool hides_the_outcome(FaultAction action) {
  switch (action) {
    case FaultAction::kReset:
    case FaultAction::kDropReply:
    case FaultAction::kHalfBody:
    case FaultAction::kHttpStatus:
    case FaultAction::kMalformedJson:
    case FaultAction::kTruncatedJson:
      return true;
    default:
      return false;
  }
}

TEST_F(FaultsTest, WhatIsClaimedUnderAFaultOfTheAnsweringServerIsTrue) {
  for (const FaultPhase phase : {FaultPhase::kBefore, FaultPhase::kAfter}) {
    for (const Fault& fault_case : faults()) {
      for (const Operation& operation : operations()) {
        next_label();
        operation.before();
        // commit and rollback of a prepared transaction end at the FE, all others at the BE
        // (5.7, 5.8).
        const std::string name = operation.name;
        const bool at_frontend = name == "commit" || name == "rollback";
        // A redirect that comes after the work was done is a lie no real server tells.
        const bool redirects = fault_case.action == FaultAction::kRedirectDead ||
                               fault_case.action == FaultAction::kRedirectLoop ||
                               fault_case.action == FaultAction::kRedirectForeign;
        if (redirects && phase == FaultPhase::kAfter) continue;
        if (phase == FaultPhase::kBefore && is_believable_lie(name, fault_case.action)) continue;
        fault((at_frontend ? "fe." : "be.") + name, phase, fault_case.action, fault_case.text, 0);
        const std::string what =
            std::string(fault_case.name) + (phase == FaultPhase::kBefore ? " before" : " after");
        const auto error = check(operation, what);
        if (phase == FaultPhase::kAfter && hides_the_outcome(fault_case.action)) {
          ASSERT_TRUE(error.has_value()) << name << " " << what;
          EXPECT_EQ(error->certainty, Certainty::kUnknown)
              << name << " " << what << ": " << describe(*error);
        }
        if (phase == FaultPhase::kAfter && fault_case.action == FaultAction::kWrongContentType) {
          EXPECT_FALSE(error.has_value()) << name << ": the body decides";
        }
        if (fault_case.action == FaultAction::kStatusWord) {
          EXPECT_TRUE(error.has_value()) << name << " " << what;
        }
      }
    }
  }
}

TEST_F(FaultsTest, WhatIsClaimedUnderAFaultOfTheRedirectingFrontendIsTrue) {
  for (const Fault& fault_case : faults()) {
    for (const Operation& operation : operations()) {
      if (is_believable_lie(operation.name, fault_case.action)) continue;
      next_label();
      operation.before();
      fault("fe." + std::string(operation.name), FaultPhase::kBefore, fault_case.action,
            fault_case.text, 0);
      check(operation, std::string(fault_case.name) + " at the FE");
    }
  }
}

TEST_F(FaultsTest, HangsAndDripsEndByTheDeadline) {
  for (const FaultPhase phase : {FaultPhase::kBefore, FaultPhase::kAfter}) {
    for (const Operation& operation : operations()) {
      const std::string name = operation.name;
      const bool at_frontend = name == "commit" || name == "rollback";
      for (const FaultAction action : {FaultAction::kHang, FaultAction::kSlowDrip}) {
        if (action == FaultAction::kSlowDrip && phase == FaultPhase::kBefore) continue;
        next_label();
        operation.before();
        emulator::FaultRule rule;
        rule.operation = (at_frontend ? "fe." : "be.") + name;
        rule.phase = phase;
        rule.action = action;
        rule.times = 0;
        rule.delay = action == FaultAction::kSlowDrip ? milliseconds(500) : milliseconds(0);
        cluster_->add_fault(rule);
        const auto start = Clock::now();
        const auto error = check(operation, "hang");
        ASSERT_TRUE(error.has_value()) << name;
        EXPECT_EQ(error->code, Errc::kDeadlineExceeded) << name << ": " << describe(*error);
        EXPECT_LT(Clock::now() - start, seconds(10)) << name;
      }
    }
  }
}

// F076 to F079, F092, F221: a load that broke off; only a plain load is undone by the server.
TEST_F(FaultsTest, AnInterruptedBodyIsUnknown) {
  std::string body;
  for (int i = 0; i < 20'000; ++i) body += std::to_string(i) + ",n,1\n";
  for (const std::int64_t after :
       {std::int64_t{1}, std::int64_t{60'000}, static_cast<std::int64_t>(body.size()) - 1}) {
    for (const bool plain : {true, false}) {
      next_label();
      if (!plain) {
        ASSERT_TRUE(run(client_->begin(table, label_, timeout, later())).has_value());
      }
      emulator::FaultRule rule;
      rule.operation = plain ? "be.stream_load" : "be.load";
      rule.phase = FaultPhase::kBody;
      rule.action = FaultAction::kReset;
      rule.after_bytes = after;
      cluster_->add_fault(rule);
      const auto error =
          plain ? error_of(run(client_->stream_load(csv(label_, body), timeout, soon())))
                : error_of(run(client_->load(csv(label_, body), soon())));
      ASSERT_TRUE(error.has_value());
      EXPECT_EQ(error->certainty, Certainty::kUnknown) << describe(*error);
      EXPECT_NE(state(label_), "VISIBLE");
    }
  }
  EXPECT_EQ(rows(), "0");
}

// F077, trap E1: the bytes of a broken load stay; the reply of a later one cannot tell.
TEST_F(FaultsTest, ALoadAfterABrokenOneShowsInTheCountOfPrepare) {
  next_label();
  ASSERT_TRUE(run(client_->begin(table, label_, timeout, later())).has_value());
  fault("be.load", FaultPhase::kAfter, FaultAction::kDropReply);
  EXPECT_EQ(run(client_->load(csv(label_), later())).error().certainty, Certainty::kUnknown);
  EXPECT_TRUE(run(client_->load(csv(label_), later())).has_value());
  const LoadOutcome prepared = run(client_->prepare(table, label_, timeout, later()));
  ASSERT_EQ(prepared.verdict, LoadVerdict::kDone) << describe(prepared.error);
  EXPECT_EQ(prepared.counts.total_rows, 2U) << "the caller sent one row that it knows of";
}

// F032, F073: a refused connection is proof.
TEST_F(FaultsTest, ARefusedConnectionIsProvedNotApplied) {
  cluster_->set_listening("fe1", false);
  for (const Operation& operation : operations()) {
    next_label();
    const auto error = operation.call();
    ASSERT_TRUE(error.has_value()) << operation.name;
    EXPECT_EQ(error->certainty, Certainty::kNotApplied)
        << operation.name << ": " << describe(*error);
  }
  cluster_->set_listening("fe1", true);
}

// F061, F062: a dead BE, with the FE still choosing it.
TEST_F(FaultsTest, ADeadBackendIsProvedNotApplied) {
  cluster_->set_listening("be1", false);
  next_label();
  const auto begun = run(client_->begin(table, label_, timeout, soon()));
  ASSERT_FALSE(begun.has_value());
  EXPECT_EQ(begun.error().certainty, Certainty::kNotApplied) << describe(begun.error());
  const LoadOutcome outcome = run(client_->stream_load(csv(label_), timeout, soon()));
  EXPECT_EQ(outcome.error.certainty, Certainty::kNotApplied) << describe(outcome.error);
  EXPECT_EQ(state(label_), "UNKNOWN");
}

// F052, F118, F171, F268: a leader that lost what was not journaled.
TEST_F(FaultsTest, ALeaderChangeLosesPrepareAndKeepsPrepared) {
  open("open");
  prepare("kept");
  cluster_->change_leader();
  EXPECT_EQ(run(client_->prepare(table, "open", timeout, later())).error.certainty,
            Certainty::kUnknown);
  EXPECT_EQ(run(client_->label_state("db", "open", later()))->state, LabelState::kUnknown);
  EXPECT_TRUE(run(client_->commit(table, "kept", seconds(30), later())).has_value());
  EXPECT_EQ(rows(), "1");
}

// F258: a state that was not understood is an error.
TEST_F(FaultsTest, AStateQueryNeverInventsUnknown) {
  prepare("x");
  for (const Fault& fault_case : faults()) {
    fault("fe.get_load_state", FaultPhase::kAfter, fault_case.action, fault_case.text, 0);
    const auto asked = run(client_->label_state("db", "x", soon()));
    cluster_->clear_faults();
    if (asked) {
      EXPECT_EQ(asked->state, LabelState::kPrepared) << fault_case.name;
    }
  }
}

// F088: a connection that the server closed while it was idle costs nothing.
TEST_F(FaultsTest, IdleConnectionsThatBreakAreReplaced) {
  for (int i = 0; i < 3; ++i) {
    next_label();
    EXPECT_EQ(run(client_->stream_load(csv(label_), timeout, later())).verdict, LoadVerdict::kDone);
    cluster_->restart_backend(0);
  }
  EXPECT_EQ(rows(), "3");
}

// T04, F063: a host that nobody vouches for receives no byte, and no connection.
TEST_F(FaultsTest, ACanaryBehindAForeignRedirectSeesNobody) {
  boost::asio::ip::tcp::acceptor canary(io_, {boost::asio::ip::make_address("127.0.0.1"), 0});
  bool touched = false;
  boost::asio::ip::tcp::socket visitor(io_);
  canary.async_accept(visitor,
                      [&touched](boost::system::error_code error) { touched = touched || !error; });
  const std::string location = "http://127.0.0.1:" + std::to_string(canary.local_endpoint().port());
  for (const Operation& operation : operations()) {
    next_label();
    operation.before();
    fault("fe." + std::string(operation.name), FaultPhase::kBefore, FaultAction::kRedirectForeign,
          location, 0);
    const auto error = check(operation, "canary");
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code, Errc::kRedirectRefused) << operation.name << ": " << describe(*error);
  }
  EXPECT_FALSE(touched);
  canary.close();
  io_.restart();
  io_.poll();
}

/// With a follower, so that there are two frontends.
class TwoFrontendsTest : public ProtocolTest {
 protected:
  void SetUp() override {
    cluster_options.follower = true;
    cluster_options.backends = 2;
    start();
  }

  /// A client that asks the follower first.
  void ask_follower_first() {
    options.load_urls = {{false, "127.0.0.1", cluster_->follower_port()},
                         {false, "127.0.0.1", cluster_->fe_port()}};
    make_client();
  }
};

// F053, F060
TEST_F(TwoFrontendsTest, TheFollowerSendsUsToTheLeaderAndTheLeaderToTheBackend) {
  ask_follower_first();
  options.load_urls.pop_back();
  make_client();
  const auto begun = run(client_->begin(table, "l1", timeout, later()));
  ASSERT_TRUE(begun.has_value()) << describe(begun.error());
  ASSERT_TRUE(run(client_->load(csv("l1"), later())).has_value());
  EXPECT_EQ(run(client_->prepare(table, "l1", timeout, later())).verdict, LoadVerdict::kDone);
  EXPECT_TRUE(run(client_->commit(table, "l1", seconds(30), later())).has_value());
  EXPECT_EQ(run(client_->label_state("db", "l1", later()))->state, LabelState::kVisible);
  EXPECT_EQ(rows(), "1");
}

// F032, F257: the other frontend does it.
TEST_F(TwoFrontendsTest, OneDeadFrontendIsNotNoticed) {
  cluster_->set_listening("fe2", false);
  for (int i = 0; i < 4; ++i) {
    const std::string label = "l" + std::to_string(i);
    prepare(label);
    EXPECT_TRUE(run(client_->commit(table, label, seconds(30), later())).has_value());
    EXPECT_EQ(run(client_->label_state("db", label, later()))->state, LabelState::kVisible);
    EXPECT_EQ(run(client_->stream_load(csv("s" + label), timeout, later())).verdict,
              LoadVerdict::kDone);
  }
  EXPECT_EQ(rows(), "8");
}

// F171: PREPARED is the journal's; the new leader commits it.
TEST_F(TwoFrontendsTest, ThePreparedTransactionIsCommittedByTheNewLeader) {
  prepare("l1");
  cluster_->change_leader();
  EXPECT_TRUE(run(client_->commit(table, "l1", seconds(30), later())).has_value());
  EXPECT_EQ(state("l1"), "VISIBLE");
}

}  // namespace
}  // namespace loadstar::starrocks
