#include "core/txn/candidate_search.hpp"

#include "core/base/task_group.hpp"
#include "core/starrocks/label.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace loadstar::txn {
namespace {

constexpr std::chrono::seconds kPause{1};
/// Questions at once (ingest-api.md 4.3).
constexpr std::size_t kProbes = 16;
/// Questions of one search at most.
constexpr std::size_t kMaxReads = 1024;
/// Tries to see a rolled back candidate aborted, before that goes on in the background.
constexpr int kRollbackTries = 3;

std::string label_in(const CandidateRange& range, std::uint64_t epoch, std::uint64_t checkpoint,
                     std::uint64_t part) {
  const auto label = starrocks::build(starrocks::PartLabel{range.prefix, range.writer,
                                                           starrocks::database_hash(range.database),
                                                           epoch, checkpoint, part});
  return label.has_value() ? *label : std::string();
}

}  // namespace

struct CandidateSearch::Search {
  CandidateRange range;
  std::set<std::string> decided;
  std::set<std::string> known;
  std::vector<ProbeChain> chains;
  std::size_t next_chain = 0;
  std::size_t reads = 0;
  RolledBack result;
  bool cut_short = false;
  WhatIsCommitted committed = WhatIsCommitted::kIsStale;
  std::optional<std::string> stale;
  Deadline deadline;
};
struct CandidateSearch::Traces {
  CandidateRange range;
  std::uint64_t epoch = 0;
  std::uint64_t next = 0;  // of 2 * max_pending labels
  bool failed = false;
  std::optional<Error> last_error;
  std::string found;
  Deadline deadline;
};

CandidateSearch::CandidateSearch(asio::any_io_executor strand, starrocks::Client& client,
                                 Metrics& metrics, const CoreOptions& options,
                                 RollbackQueue& rollbacks, Logger logger)
    : strand_(std::move(strand)),
      client_(client),
      metrics_(metrics),
      options_(options),
      rollbacks_(rollbacks),
      logger_(std::move(logger)) {}

void CandidateSearch::stop() {
  stopping_ = true;
  for (TaskGroup* const workers : working_) workers->cancel();
}

asio::awaitable<Answer<RolledBack>> CandidateSearch::roll_back(CandidateRange range,
                                                               ResumeToken token,
                                                               std::set<std::string> known,
                                                               WhatIsCommitted committed,
                                                               Deadline deadline) {
  Search search;
  search.range = std::move(range);
  search.committed = committed;
  search.deadline = deadline;
  for (const TokenPart& part : token.parts) search.decided.insert(label_of(token, part));
  for (const std::string& label : known) {
    if (!search.decided.contains(label)) search.known.insert(label);
  }
  search.chains = chains_of(search.range, kMaxReads / 2);
  const auto epochs =
      search.range.last_epoch + 1 - std::min(search.range.first_epoch, search.range.last_epoch + 1);
  search.cut_short = search.chains.size() < epochs * search.range.max_pending;
  TaskGroup workers(strand_);
  working_.insert(&workers);
  if (!search.known.empty()) workers.spawn(probe_known(search));
  for (std::size_t i = 0; i < kProbes; ++i) workers.spawn(probe(search));
  co_await workers.join();
  working_.erase(&workers);
  if (stopping_) co_return draining_refusal();
  if (search.cut_short) {
    const std::size_t looked_at = std::min(search.next_chain, search.chains.size());
    search.result.not_looked_at =
        looked_at == 0 ? search.range.last_epoch : search.chains[looked_at - 1].epoch();
  }
  if (search.cut_short || !search.result.complete) {
    logger_.warn(
        "not every transaction of earlier epochs could be looked for; the rest ends by "
        "its timeout",
        {{"writer", search.range.writer}});
  }
  if (search.stale) {
    Refusal refusal = refuse(
        Reason::kStaleResumeToken,
        fmt::format("transaction {} is committed, but the resume token does not know it: the "
                    "client went back to an old state",
                    *search.stale));
    refusal.metadata["label"] = *search.stale;
    co_return refusal;
  }
  co_return std::move(search.result);
}

/// Labels that are known need no chain that leads to them.
asio::awaitable<void> CandidateSearch::probe_known(Search& search) {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (const std::string& label : search.known) {
    if (search.stale || stopping_) co_return;
    if (Clock::now() >= search.deadline) {
      search.result.complete = false;
      co_return;
    }
    std::string one = label;
    co_await look_at(search, std::move(one));
  }
}

/// One of kProbes workers: takes chains until there are none.
asio::awaitable<void> CandidateSearch::probe(Search& search) {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (search.next_chain < search.chains.size() && !search.stale && !stopping_) {
    ProbeChain chain = search.chains[search.next_chain++];
    while (const auto part = chain.next()) {
      if (search.reads >= kMaxReads) search.cut_short = true;
      if (search.reads >= kMaxReads || stopping_) co_return;
      if (Clock::now() >= search.deadline) {
        search.result.complete = false;
        co_return;
      }
      std::string label = label_in(search.range, chain.epoch(), chain.checkpoint(), *part);
      if (label.empty()) break;
      // A known one has a request under way, or had one (R8).
      if (search.decided.contains(label) || search.known.contains(label)) {
        chain.skip();
        continue;
      }
      const auto state = co_await look_at(search, std::move(label));
      if (state) {
        chain.on_state(*state);
      } else {
        chain.give_up();
      }
    }
  }
}

/// Asks for one label and does what its state calls for; gives the state it was found in.
asio::awaitable<std::optional<starrocks::LabelState>> CandidateSearch::look_at(Search& search,
                                                                               std::string label) {
  ++search.reads;
  const Deadline until = std::min(search.deadline, Clock::now() + options_.starrocks.query_timeout);
  const auto state = co_await client_.label_state(search.range.database, label, until);
  if (!state.has_value()) {
    search.result.complete = false;
    search.result.last_error = state.error();
    co_return std::nullopt;
  }
  if (state->state == starrocks::LabelState::kAborted) search.result.were_aborted.insert(label);
  switch (action_for(state->state)) {
    case CandidateAction::kNothing:
      break;
    case CandidateAction::kStale:
      if (search.committed == WhatIsCommitted::kIsStale) search.stale = label;
      break;
    case CandidateAction::kRollBack:
      co_await roll_back_candidate(search, label);
      break;
  }
  co_return state->state;
}

asio::awaitable<void> CandidateSearch::roll_back_candidate(Search& search, std::string label) {
  for (int i = 0; i < kRollbackTries && !stopping_ && Clock::now() < search.deadline; ++i) {
    if (i > 0) co_await sleep_for(kPause);
    if (stopping_) break;
    const auto state = co_await rollbacks_.try_now(search.range.database, label, search.deadline);
    if (!state) continue;
    switch (action_for(*state)) {
      case CandidateAction::kNothing:
        ++search.result.transactions;
        metrics_.transaction_recovered("aborted");
        metrics_.transaction("aborted");
        co_return;
      case CandidateAction::kStale:
        if (search.committed == WhatIsCommitted::kIsStale) search.stale = label;
        co_return;
      case CandidateAction::kRollBack:
        break;
    }
  }
  search.result.complete = false;
  rollbacks_.try_later(search.range.database, label);
}

asio::awaitable<Answer<Done>> CandidateSearch::check_unused(CandidateRange range,
                                                            std::uint64_t epoch,
                                                            Deadline deadline) {
  Traces traces;
  traces.range = std::move(range);
  traces.epoch = epoch;
  traces.deadline = deadline;
  TaskGroup workers(strand_);
  working_.insert(&workers);
  for (std::size_t i = 0; i < kProbes; ++i) workers.spawn(look_for_traces(traces));
  co_await workers.join();
  working_.erase(&workers);
  if (stopping_) co_return draining_refusal();
  if (!traces.found.empty()) {
    Refusal refusal = refuse(
        Reason::kEpochUsed,
        fmt::format("epoch {} has a transaction already ({}); increment the epoch and open again",
                    epoch, traces.found));
    refusal.metadata["label"] = traces.found;
    co_return refusal;
  }
  if (traces.failed) {
    co_return refuse_for_now(
        Reason::kStarrocksUnavailable,
        fmt::format("StarRocks does not say whether the epoch was used before{}",
                    traces.last_error ? ": " + describe(*traces.last_error) : ""));
  }
  co_return Done{};
}

asio::awaitable<void> CandidateSearch::look_for_traces(Traces& traces) {
  co_await asio::this_coro::throw_if_cancelled(false);
  constexpr std::uint64_t kParts = 2;
  while (traces.next < kParts * traces.range.max_pending && traces.found.empty() && !stopping_) {
    const std::uint64_t at = traces.next++;
    const std::uint64_t checkpoint = traces.range.after_checkpoint + 1 + at / kParts;
    std::string label = label_in(traces.range, traces.epoch, checkpoint, at % kParts);
    if (label.empty()) continue;
    const auto state = co_await ask_until(traces, label);
    if (!state) {
      traces.failed = true;
      co_return;
    }
    if (*state != starrocks::LabelState::kUnknown) traces.found = label;
  }
}

asio::awaitable<std::optional<starrocks::LabelState>> CandidateSearch::ask_until(
    Traces& traces, std::string label) {
  while (!stopping_) {
    const Deadline until =
        std::min(traces.deadline, Clock::now() + options_.starrocks.query_timeout);
    const auto state = co_await client_.label_state(traces.range.database, label, until);
    if (state.has_value()) co_return state->state;
    traces.last_error = state.error();
    if (stopping_ || Clock::now() + kPause >= traces.deadline) break;
    co_await sleep_for(kPause);
  }
  co_return std::nullopt;
}

}  // namespace loadstar::txn
