#include "core/txn/transaction_control.hpp"

#include "core/base/deadline.hpp"
#include "core/base/run_on.hpp"
#include "core/starrocks/label.hpp"
#include "core/txn/commit_attempt.hpp"
#include "core/txn/commit_refusal.hpp"
#include "core/txn/writer_turns.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace loadstar::txn {
namespace {

using std::chrono::seconds;
using Step = CommitAttempt::Step;

constexpr seconds kPause{1};
constexpr seconds kVisiblePause{1};
/// A job whose callers have gone goes on for so long, unless another call for the writer waits.
constexpr seconds kLongestJob{600};
/// Labels that are remembered as committed, so that a repeated Commit needs no StarRocks that still
/// remembers them (delivery-and-faults.md F170).
constexpr std::size_t kRememberedLabels = 100'000;

/// So many answers that there is no such database are believed; a second passes between them.
constexpr unsigned kEnoughNotFound = 2;

template <class T>
bool is_not_found(const Result<T>& result) {
  return !result.has_value() && result.error().code == Errc::kNotFound;
}

Refusal unavailable(std::string message) {
  return refuse_for_now(Reason::kStarrocksUnavailable, std::move(message));
}

/// Of several failures, the one that says most about the rows.
int weight(Reason reason) {
  switch (reason) {
    case Reason::kCheckpointLost:
      return 3;
    case Reason::kOutcomeUnknown:
      return 2;
    default:
      return 1;
  }
}

}  // namespace

class TransactionControl::Impl : public std::enable_shared_from_this<TransactionControl::Impl> {
 public:
  Impl(const asio::any_io_executor& executor, starrocks::Client& client, Metrics& metrics,
       const CoreOptions& options, Logger logger)
      : strand_(asio::make_strand(executor)),
        client_(client),
        metrics_(metrics),
        options_(options),
        logger_(std::move(logger)),
        turns_(strand_),
        changed_(strand_),
        tasks_(strand_),
        prepared_(strand_, client, metrics, options, logger_),
        rollbacks_(strand_, client, metrics, options, prepared_, logger_),
        search_(strand_, client, metrics, options, rollbacks_, logger_) {}

  [[nodiscard]] const asio::any_io_executor& strand() const { return strand_; }

  asio::awaitable<Answer<Committed>> commit(ResumeToken token, bool ask_first, bool wait_visible,
                                            Deadline deadline) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    if (stopping_) co_return draining_refusal();
    const Call call(*this);
    const auto began = Clock::now();
    auto job = find_job(token, ask_first);
    ++job->callers;
    while (!job->result && !stopping_ && Clock::now() < deadline) {
      co_await job->done.wait_until(deadline);
    }
    --job->callers;
    metrics_.commit_duration.Observe(std::chrono::duration<double>(Clock::now() - began).count());
    if (!job->result) {
      if (stopping_) co_return draining_refusal();
      co_return unavailable(
          fmt::format("not all transactions are committed yet; call again{}",
                      job->last_error ? ". StarRocks: " + describe(*job->last_error) : ""));
    }
    if (!job->result->ok()) co_return job->result->refusal();
    Committed committed = job->result->value();
    while (wait_visible && !committed.visible && !stopping_ && Clock::now() < deadline) {
      TaskGroup question(strand_);
      questions_.insert(&question);
      question.spawn(ask_visible(token, deadline, committed.visible));
      co_await question.join();
      questions_.erase(&question);
      if (committed.visible) break;
      const Deadline again = std::min(deadline, Clock::now() + kVisiblePause);
      co_await changed_.wait_until(again);
    }
    co_return committed;
  }

  asio::awaitable<Answer<RolledBack>> roll_back(CandidateRange range, ResumeToken token,
                                                WhatIsCommitted committed, Deadline deadline) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    if (stopping_) co_return draining_refusal();
    const Call call(*this);
    const std::string writer = range.writer;
    const bool taken = co_await turns_.take(writer, WriterTurns::Kind::kRollBack, deadline);
    if (!taken && stopping_) co_return draining_refusal();
    if (!taken) co_return unavailable("another call for this writer is under way");
    auto known = known_labels(range);
    auto answer = co_await search_.roll_back(std::move(range), std::move(token), std::move(known),
                                             committed, deadline);
    turns_.give_back(writer);
    co_return answer;
  }

  asio::awaitable<Answer<Done>> check_unused(CandidateRange range, std::uint64_t epoch,
                                             Deadline deadline) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    if (stopping_) co_return draining_refusal();
    const Call call(*this);
    auto answer = co_await search_.check_unused(std::move(range), epoch, deadline);
    co_return answer;
  }

  [[nodiscard]] RollbackQueue& rollbacks() { return rollbacks_; }
  [[nodiscard]] PreparedWatch& prepared() { return prepared_; }

  asio::awaitable<void> end_calls(Deadline deadline) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    while (calls_ > 0 && Clock::now() < deadline) co_await changed_.wait_until(deadline);
    interrupt();
  }

  asio::awaitable<void> stop() {
    interrupt();
    co_await rollbacks_.stop();
    co_await prepared_.stop();
    co_await tasks_.join();
  }

 private:
  /// One Commit under way; callers with the same token share it.
  struct Job {
    explicit Job(const asio::any_io_executor& strand) : done(strand) {}
    Signal done;
    unsigned callers = 0;  // that wait for it
    std::optional<Answer<Committed>> result;
    /// What StarRocks last said instead of yes: for callers whose time is over.
    std::optional<Error> last_error;
  };
  /// Outcome of the tables of one job.
  struct Tally {
    Job& job;
    bool visible = true;
    std::optional<Refusal> refusal;
  };
  /// Counts a call for as long as it is at work.
  class Call {
   public:
    explicit Call(Impl& control) : control_(control) { ++control_.calls_; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() {
      --control_.calls_;
      control_.changed_.notify();
    }

   private:
    Impl& control_;
  };

  /// What was prepared here and lies in `range`: a search need not find its way to it.
  [[nodiscard]] std::set<std::string> known_labels(const CandidateRange& range) const {
    std::set<std::string> labels;
    for (const PreparedTransaction& transaction : prepared_.all()) {
      const bool same =
          transaction.writer == range.writer && transaction.database == range.database;
      if (!same || transaction.epoch > range.last_epoch) continue;
      const auto label = starrocks::parse_label(transaction.label);
      const auto* part = label.has_value() ? std::get_if<starrocks::PartLabel>(&*label) : nullptr;
      if (part != nullptr && part->checkpoint > range.after_checkpoint) {
        labels.insert(transaction.label);
      }
    }
    return labels;
  }

  /// Every call ends as DRAINING, and those that come.
  void interrupt() {
    stopping_ = true;
    search_.stop();
    rollbacks_.cancel();
    for (auto& [key, job] : jobs_) job->done.notify();
    for (TaskGroup* const question : questions_) question->cancel();
    turns_.stop();
    changed_.notify();
    tasks_.cancel();
  }

  // --- commit ---

  std::shared_ptr<Job> find_job(const ResumeToken& token, bool ask_first) {
    const std::string key = encode(token);
    const auto found = jobs_.find(key);
    if (found != jobs_.end()) return found->second;
    auto job = std::make_shared<Job>(strand_);
    jobs_[key] = job;
    tasks_.spawn(run_job(job, key, token, ask_first));
    return job;
  }

  asio::awaitable<void> run_job(std::shared_ptr<Job> job, std::string key, ResumeToken token,
                                bool ask_first) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const Deadline deadline = Clock::now() + kLongestJob;
    const std::string writer = token.writer;
    const bool taken = co_await turns_.take(writer, WriterTurns::Kind::kCommit, deadline);
    Tally tally{*job, true, std::nullopt};
    if (taken) {
      std::map<std::string, std::vector<TokenPart>> by_table;
      for (const TokenPart& part : token.parts) by_table[part.table].push_back(part);
      TaskGroup tables(strand_);
      for (auto& [table, parts] : by_table) {
        tables.spawn(commit_table(token, std::move(parts), ask_first, deadline, tally));
      }
      co_await tables.join();
      turns_.give_back(writer);
    } else {
      tally.refusal = unavailable("another call for this writer is under way");
    }
    if (tally.refusal) {
      job->result = std::move(*tally.refusal);
    } else {
      job->result = Committed{tally.visible};
    }
    jobs_.erase(key);
    job->done.notify();
  }

  /// Parts of one table, in their order: a later one is not committed before an earlier one.
  asio::awaitable<void> commit_table(const ResumeToken& token, std::vector<TokenPart> parts,
                                     bool ask_first, Deadline deadline, Tally& tally) {
    co_await asio::this_coro::throw_if_cancelled(false);
    for (const TokenPart& part : parts) {
      std::string label = label_of(token, part);
      const auto known = committed_.find(label);
      if (known != committed_.end()) {
        tally.visible = tally.visible && known->second;
        continue;
      }
      starrocks::TableName table{token.database, part.table};
      auto refusal = co_await commit_label(token.writer, table, label, ask_first, deadline, tally);
      if (!refusal) continue;
      const bool worse = !tally.refusal || weight(refusal->reason) > weight(tally.refusal->reason);
      if (worse) tally.refusal = std::move(refusal);
      co_return;
    }
  }

  /// An Abort is not to hang behind a Commit that cannot get through, however often that is called;
  /// nor is another Commit behind one for which nobody waits any more. A Commit is repeated by
  /// whoever holds its token.
  [[nodiscard]] bool gives_way(const Job& job, const std::string& writer) const {
    return turns_.is_wanted_to_roll_back(writer) || (job.callers == 0 && turns_.is_wanted(writer));
  }

  asio::awaitable<std::optional<Refusal>> commit_label(std::string writer,
                                                       starrocks::TableName table,
                                                       std::string label, bool ask_first,
                                                       Deadline deadline, Tally& tally) {
    CommitAttempt attempt;
    bool sent = false;
    unsigned not_found = 0;  // answers in a row that there is no such database
    Step step = CommitAttempt::start(ask_first);
    while (!stopping_ && Clock::now() < deadline) {
      if (not_found == kEnoughNotFound) co_return give_up(table, label, step, attempt);
      const bool pausing = step == Step::kAskLater || step == Step::kCommitLater;
      if (pausing && gives_way(tally.job, writer)) break;
      switch (step) {
        case Step::kAskLater:
          co_await sleep_for(kPause);
          step = Step::kAskState;
          break;
        case Step::kCommitLater:
          co_await sleep_for(kPause);
          step = Step::kCommit;
          break;
        case Step::kAskState: {
          const Deadline until = Clock::now() + options_.starrocks.query_timeout;
          const auto state = co_await client_.label_state(table.database, label, until);
          step = attempt.on_state(state);
          if (!state.has_value()) tally.job.last_error = state.error();
          not_found = is_not_found(state) ? not_found + 1 : 0;
          break;
        }
        case Step::kCommit: {
          const auto publish =
              std::chrono::duration_cast<seconds>(options_.starrocks.publish_timeout);
          const Deadline until = Clock::now() + publish + options_.starrocks.query_timeout;
          sent = true;
          const auto reply = co_await client_.commit(table, label, publish, until);
          step = attempt.on_commit(reply);
          if (!reply.has_value()) tally.job.last_error = reply.error();
          not_found = is_not_found(reply) ? not_found + 1 : 0;
          break;
        }
        case Step::kCommitted:
          prepared_.remove(label);
          // Not what others had committed before, nor the same again.
          if (sent) metrics_.transaction("committed");
          // Of a daemon or an epoch before: nobody here had prepared it.
          if (ask_first && sent) metrics_.transaction_recovered("committed");
          remember(label, attempt.visible());
          tally.visible = tally.visible && attempt.visible();
          co_return std::nullopt;
        case Step::kLost:
        case Step::kForgotten:
        case Step::kNotPrepared: {
          const bool ours = prepared_.remove(label);
          if (ours && step == Step::kLost) metrics_.transaction("aborted");
          if (ours && step == Step::kForgotten) metrics_.transaction("unknown");
          co_return give_up(table, label, step, attempt);
        }
      }
    }
    if (stopping_) co_return draining_refusal();
    Refusal refusal = unavailable(fmt::format("transaction {} is not committed yet: {}", label,
                                              describe(attempt.last_error())));
    refusal.metadata["label"] = label;
    co_return refusal;
  }

  Refusal give_up(const starrocks::TableName& table, const std::string& label, Step step,
                  const CommitAttempt& attempt) const {
    Refusal refusal = commit_refusal(table, label, step, attempt);
    logger_.error("commit failed", {{"label", label}, {"reason", refusal.message}});
    return refusal;
  }

  void remember(const std::string& label, bool visible) {
    if (!committed_.emplace(label, visible).second) return;
    committed_order_.push_back(label);
    if (committed_order_.size() <= kRememberedLabels) return;
    committed_.erase(committed_order_.front());
    committed_order_.pop_front();
  }

  /// `visible` becomes true if StarRocks says so of every transaction of `token`.
  asio::awaitable<void> ask_visible(const ResumeToken& token, Deadline deadline, bool& visible) {
    co_await asio::this_coro::throw_if_cancelled(false);
    for (const TokenPart& part : token.parts) {
      std::string label = label_of(token, part);
      const auto known = committed_.find(label);
      if (known != committed_.end() && known->second) continue;
      const Deadline until = std::min(deadline, Clock::now() + options_.starrocks.query_timeout);
      const auto state = co_await client_.label_state(token.database, label, until);
      if (!state.has_value() || state->state != starrocks::LabelState::kVisible) co_return;
      const auto again = committed_.find(label);
      if (again != committed_.end()) again->second = true;
    }
    visible = true;
  }

  asio::any_io_executor strand_;
  starrocks::Client& client_;
  Metrics& metrics_;
  const CoreOptions& options_;
  Logger logger_;
  bool stopping_ = false;
  std::size_t calls_ = 0;           // at work
  std::set<TaskGroup*> questions_;  // of calls that wait for rows to become visible
  WriterTurns turns_;
  Signal changed_;                                    // calls_ or stopping_
  std::map<std::string, std::shared_ptr<Job>> jobs_;  // by token
  std::unordered_map<std::string, bool> committed_;   // label -> visible
  std::deque<std::string> committed_order_;
  TaskGroup tasks_;
  PreparedWatch prepared_;
  RollbackQueue rollbacks_;
  CandidateSearch search_;
};

TransactionControl::TransactionControl(const asio::any_io_executor& executor,
                                       starrocks::Client& client, Metrics& metrics,
                                       const CoreOptions& options, Logger logger)
    : impl_(std::make_shared<Impl>(executor, client, metrics, options, std::move(logger))) {}

TransactionControl::~TransactionControl() = default;

asio::awaitable<Answer<TransactionControl::Committed>> TransactionControl::commit(
    ResumeToken token, bool ask_first, bool wait_visible, Deadline deadline) {
  const auto impl = impl_;
  auto work = impl->commit(std::move(token), ask_first, wait_visible, deadline);
  auto answer = co_await run_on(impl->strand(), std::move(work));
  co_return answer;
}

asio::awaitable<Answer<RolledBack>> TransactionControl::roll_back(CandidateRange range,
                                                                  ResumeToken token,
                                                                  WhatIsCommitted committed,
                                                                  Deadline deadline) {
  const auto impl = impl_;
  auto work = impl->roll_back(std::move(range), std::move(token), committed, deadline);
  auto answer = co_await run_on(impl->strand(), std::move(work));
  co_return answer;
}

asio::awaitable<Answer<Done>> TransactionControl::check_unused(CandidateRange range,
                                                               std::uint64_t epoch,
                                                               Deadline deadline) {
  const auto impl = impl_;
  auto work = impl->check_unused(std::move(range), epoch, deadline);
  auto answer = co_await run_on(impl->strand(), std::move(work));
  co_return answer;
}

void TransactionControl::roll_back_later(std::string database, std::string label) {
  asio::post(impl_->strand(),
             [impl = impl_, database = std::move(database), label = std::move(label)] {
               impl->rollbacks().try_later(database, label);
             });
}

void TransactionControl::watch(PreparedTransaction transaction,
                               std::unique_ptr<OpenTransaction> gauge) {
  impl_->prepared().add(std::move(transaction), std::move(gauge));
  asio::post(impl_->strand(), [impl = impl_] { impl->prepared().start(); });
}

void TransactionControl::forget(const std::string& label) { impl_->prepared().remove(label); }

std::vector<PreparedTransaction> TransactionControl::prepared() const {
  return impl_->prepared().all();
}

asio::awaitable<void> TransactionControl::end_calls(Deadline deadline) {
  const auto impl = impl_;
  auto work = [](std::shared_ptr<Impl> target, Deadline until) -> asio::awaitable<Done> {
    co_await target->end_calls(until);
    co_return Done{};
  };
  auto ending = work(impl, deadline);
  co_await run_on(impl->strand(), std::move(ending));
}

asio::awaitable<void> TransactionControl::stop() {
  const auto impl = impl_;
  auto work = [](std::shared_ptr<Impl> target) -> asio::awaitable<Done> {
    co_await target->stop();
    co_return Done{};
  };
  auto stopping = work(impl);
  co_await run_on(impl->strand(), std::move(stopping));
}

}  // namespace loadstar::txn
