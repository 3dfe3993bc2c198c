#include "core/txn/exactly_once_writers.hpp"

#include "core/base/mutant.hpp"
#include "core/base/run_on.hpp"
#include "core/starrocks/label.hpp"
#include "core/txn/attached_stream.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace loadstar::txn {
namespace {

/// Writers whose highest epoch is remembered after they are gone. Forgetting one costs a probe at
/// its next Open, never rows.
constexpr std::size_t kRememberedEpochs = 1'000'000;
/// A fenced writer has so long to roll back what is open.
constexpr std::chrono::seconds kFenceWait{30};

Refusal fenced(std::uint64_t epoch, std::uint64_t highest) {
  Refusal refusal =
      refuse(Reason::kWriterFenced,
             fmt::format("epoch {} is over: epoch {} owns the writer; stop this instance", epoch,
                         highest));
  refusal.metadata["epoch"] = std::to_string(highest);
  return refusal;
}

/// An Abort is done when all is seen ended (V8): until then it is to be called again.
Refusal not_aborted(const AbortRequest& request, const RolledBack& search) {
  const std::string why = search.last_error ? ": " + describe(*search.last_error) : "";
  if (search.last_error && search.last_error->code == Errc::kNotFound) {
    return refuse(Reason::kDatabaseNotFound,
                  fmt::format("the transactions of writer \"{}\" in \"{}\" are not known{}",
                              request.writer_id, request.database, why));
  }
  return refuse_for_now(
      Reason::kStarrocksUnavailable,
      fmt::format("not every transaction of writer \"{}\" is seen ended{}; call again",
                  request.writer_id, why));
}

/// OK would say that nothing is left, which nobody knows.
Refusal too_many_epochs(const AbortRequest& request, std::uint64_t last) {
  return refuse(
      Reason::kOutcomeUnknown,
      fmt::format("what writer \"{}\" may have prepared in epochs up to {} was not looked for, "
                  "because too many epochs lie between it and epoch {}; call again with its latest "
                  "resume token. Without one, what is left ends by its timeout",
                  request.writer_id, last, request.epoch));
}

Refusal epoch_used(std::uint64_t epoch) {
  return refuse(
      Reason::kEpochUsed,
      fmt::format("epoch {} was opened before and is not held by this daemon; increment the "
                  "epoch and open again",
                  epoch));
}

}  // namespace

class ExactlyOnceWriters::Impl : public std::enable_shared_from_this<ExactlyOnceWriters::Impl> {
 public:
  explicit Impl(Services services)
      : services_(std::move(services)),
        control_(services_.executor, services_.client, services_.metrics, services_.options,
                 services_.logger) {}

  /// The token of a request: decoded and of this writer, or an empty one.
  [[nodiscard]] Answer<ResumeToken> token_of(const std::string& bytes, const std::string& writer,
                                             const std::string& database) const {
    if (bytes.empty()) {
      ResumeToken none;
      none.prefix = services_.options.label_prefix;
      none.writer = writer;
      none.database = database;
      return none;
    }
    auto token = decode_resume_token(bytes);
    if (!token.ok()) return token;
    const std::optional<std::string> wrong = difference(token.value(), writer, database);
    if (!wrong) return token;
    return refuse(Reason::kBadResumeToken, fmt::format("the resume token is of {}", *wrong));
  }

  asio::awaitable<Answer<std::shared_ptr<WriteStream>>> open(OpenRequest request) {
    auto decoded = token_of(request.resume_token, request.writer_id, request.database);
    if (!decoded.ok()) co_return decoded.refusal();
    const ResumeToken token = std::move(decoded.value());
    if (token.epoch > request.epoch) {
      services_.metrics.fenced_opens.Increment();
      co_return fenced(request.epoch, token.epoch);
    }
    auto claimed = claim(request, token);
    if (!claimed.ok()) co_return claimed.refusal();
    const Claim claim = std::move(claimed.value());
    if (claim.former) {
      services_.logger.info("a higher epoch fences the writer",
                            {{"database", request.database},
                             {"writer", request.writer_id},
                             {"epoch", std::to_string(request.epoch)},
                             {"fenced_epoch", std::to_string(claim.former->epoch())}});
      co_await end(claim.former, request.epoch, kNever);
    }
    const auto writer = claim.writer;
    auto attaching = writer->attach(request, token);
    auto attached = co_await run_on(writer->strand(), std::move(attaching));
    if (!attached.ok()) {
      if (attached.refusal().reason == Reason::kWriterFenced) {
        services_.metrics.fenced_opens.Increment();
      }
      co_return attached.refusal();
    }
    std::shared_ptr<WriteStream> stream = std::make_shared<AttachedStream>(
        writer, attached.value().stream, std::move(attached.value().opened));
    co_return stream;
  }

  asio::awaitable<Answer<CheckpointOutcome>> checkpoint(CheckpointRequest request,
                                                        Deadline deadline) {
    const auto began = Clock::now();
    const auto writer = find(request.writer_id);
    if (!writer) {
      const std::uint64_t highest = highest_epoch(request.writer_id);
      if (request.epoch != 0 && request.epoch < highest) co_return fenced(request.epoch, highest);
      co_return refuse(Reason::kWriterNotOpen,
                       fmt::format("writer \"{}\" is not open on this daemon", request.writer_id));
    }
    auto preparing = writer->checkpoint(std::move(request), deadline);
    auto outcome = co_await run_on(writer->strand(), std::move(preparing));
    services_.metrics.checkpoint_duration.Observe(
        std::chrono::duration<double>(Clock::now() - began).count());
    co_return outcome;
  }

  asio::awaitable<Answer<CommitOutcome>> commit(CommitRequest request, Deadline deadline) {
    if (request.resume_token.empty()) co_return CommitOutcome{};
    auto decoded = decode_resume_token(request.resume_token);
    if (!decoded.ok()) co_return decoded.refusal();
    const ResumeToken token = std::move(decoded.value());
    if (token.prefix != services_.options.label_prefix) {
      co_return refuse(
          Reason::kBadResumeToken,
          fmt::format("the resume token is of label prefix \"{}\"; this daemon has \"{}\"",
                      token.prefix, services_.options.label_prefix));
    }
    // A writer of this name in another database is another one: its checkpoints have numbers of
    // their own.
    auto writer = find(token.writer);
    if (writer && writer->database() != token.database) writer = nullptr;
    bool ask_first = true;
    if (writer) {
      auto asking = issued_by(writer, token);
      const auto issued = co_await run_on(writer->strand(), std::move(asking));
      ask_first = !issued;
    }
    const auto committed =
        co_await control_.commit(token, ask_first, request.wait_visible, deadline);
    if (!committed.ok()) co_return committed.refusal();
    if (writer) {
      auto telling = tell_committed(writer, token);
      co_await run_on(writer->strand(), std::move(telling));
    }
    co_return CommitOutcome{token.last_sequence, committed.value().visible};
  }

  asio::awaitable<Answer<AbortOutcome>> abort(AbortRequest request, Deadline deadline) {
    auto decoded = token_of(request.resume_token, request.writer_id, request.database);
    if (!decoded.ok()) co_return decoded.refusal();
    const ResumeToken token = std::move(decoded.value());
    std::shared_ptr<ExactlyOnceWriter> held;
    {
      const std::lock_guard lock(mutex_);
      const auto found = writers_.find(request.writer_id);
      if (found != writers_.end()) held = found->second;
      if (held && held->database() != request.database) {
        co_return refuse(Reason::kBadRequest,
                         fmt::format("database is \"{}\", but the writer belongs to \"{}\"",
                                     request.database, held->database()));
      }
      const auto known = epochs_.find(request.writer_id);
      const std::uint64_t highest = known == epochs_.end() ? 0 : known->second;
      if (request.epoch < highest) {
        services_.metrics.fenced_opens.Increment();
        co_return fenced(request.epoch, highest);
      }
      remember(request.writer_id, request.epoch);
    }
    std::vector<std::string> were_open;
    if (held) {
      auto asking = open_transactions(held);
      were_open = co_await run_on(held->strand(), std::move(asking));
      co_await end(held, request.epoch, deadline);
    }
    if (LOADSTAR_MUTANT(kAbortDoesNotLook)) co_return AbortOutcome{};
    CandidateRange range =
        candidates_after(token, request.epoch, services_.options.limits.max_pending_checkpoints);
    const auto rolled_back = co_await control_.roll_back(
        std::move(range), token,
        request.resume_token.empty() ? WhatIsCommitted::kIsLeft : WhatIsCommitted::kIsStale,
        deadline);
    if (!rolled_back.ok()) co_return rolled_back.refusal();
    const RolledBack& done = rolled_back.value();
    if (!done.complete) co_return not_aborted(request, done);
    if (done.not_looked_at > 0) co_return too_many_epochs(request, done.not_looked_at);
    AbortOutcome outcome;
    outcome.aborted_transactions = done.transactions;
    for (const std::string& label : were_open) {
      if (done.were_aborted.contains(label)) ++outcome.aborted_transactions;  // by the writer
    }
    co_return outcome;
  }

  [[nodiscard]] std::shared_ptr<ExactlyOnceWriter> find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = writers_.find(id);
    return found == writers_.end() ? nullptr : found->second;
  }

  [[nodiscard]] std::vector<std::shared_ptr<ExactlyOnceWriter>> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<ExactlyOnceWriter>> writers;
    writers.reserve(writers_.size());
    for (const auto& [id, writer] : writers_) writers.push_back(writer);
    return writers;
  }

  [[nodiscard]] std::vector<PreparedTransaction> prepared() const { return control_.prepared(); }

  /// No more writers are made.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

  asio::awaitable<void> end_calls(Deadline deadline) {
    co_await control_.end_calls(deadline);
    for (const auto& writer : all_and_leaving()) {
      auto release = [writer] { writer->release_waiters(); };
      asio::post(writer->strand(), std::move(release));
    }
  }

  asio::awaitable<void> stop() {
    close();
    co_await control_.stop();
    for (const auto& writer : all_and_leaving()) {
      auto stopping = stop_writer(writer);
      co_await run_on(writer->strand(), std::move(stopping));
    }
    const std::lock_guard lock(mutex_);
    writers_.clear();
    leaving_.clear();
  }

 private:
  /// Who serves an Open, and whom it replaces.
  struct Claim {
    std::shared_ptr<ExactlyOnceWriter> writer;
    std::shared_ptr<ExactlyOnceWriter> former;
  };

  [[nodiscard]] std::optional<std::string> difference(const ResumeToken& token,
                                                      const std::string& writer,
                                                      const std::string& database) const {
    if (token.writer != writer)
      return fmt::format("writer \"{}\", not \"{}\"", token.writer, writer);
    if (token.database != database) {
      return fmt::format("database \"{}\", not \"{}\"", token.database, database);
    }
    if (token.prefix != services_.options.label_prefix) {
      return fmt::format("label prefix \"{}\", not \"{}\"", token.prefix,
                         services_.options.label_prefix);
    }
    return std::nullopt;
  }

  /// Decides by epochs alone, at once (architecture.md 7, reattach).
  [[nodiscard]] Answer<Claim> claim(const OpenRequest& request, const ResumeToken& token) {
    const std::lock_guard lock(mutex_);
    // An Open that was under way when the daemon began to end makes no writer that nobody would
    // stop.
    if (closed_) return draining_refusal();
    const auto found = writers_.find(request.writer_id);
    const auto held = found == writers_.end() ? nullptr : found->second;
    const auto known = epochs_.find(request.writer_id);
    const std::uint64_t highest = known == epochs_.end() ? 0 : known->second;
    if (request.epoch < highest) {
      services_.metrics.fenced_opens.Increment();
      return fenced(request.epoch, highest);
    }
    if (held && held->epoch() == request.epoch) {
      if (held->database() != request.database) {
        return refuse(Reason::kBadRequest,
                      fmt::format("open.database is \"{}\", but the writer belongs to \"{}\"",
                                  request.database, held->database()));
      }
      return Claim{held, nullptr};
    }
    if (request.epoch == highest) return epoch_used(request.epoch);
    if (request.reattach && !LOADSTAR_MUTANT(kUnheldEpochIsReattached)) {
      return epoch_used(request.epoch);
    }
    // A token of this epoch proves that the epoch was served before, by whomever (R1).
    if (token.epoch == request.epoch && !LOADSTAR_MUTANT(kEpochIsNotProbed)) {
      return epoch_used(request.epoch);
    }
    remember(request.writer_id, request.epoch);
    const auto writer = make(request, token);
    if (held) leaving_[held->number()] = held;
    writers_[request.writer_id] = writer;
    return Claim{writer, held};
  }

  [[nodiscard]] std::shared_ptr<ExactlyOnceWriter> make(const OpenRequest& request,
                                                        const ResumeToken& token) {
    const std::uint64_t number = ++last_number_;
    auto on_gone = [weak = weak_from_this(), number, id = request.writer_id] {
      if (const auto self = weak.lock()) self->remove(number, id);
    };
    Logger logger =
        services_.logger.with("database", request.database).with("writer", request.writer_id);
    WriterServices writer{services_.executor,       services_.tables,  services_.budget,
                          services_.options.limits, services_.metrics, logger};
    ExactlyOnceServices shared{
        control_, PartServices{services_.client, services_.metrics, services_.options, logger},
        services_.options.label_prefix, services_.relieve_memory};
    return std::make_shared<ExactlyOnceWriter>(std::move(writer), std::move(shared), number,
                                               request, token, std::move(on_gone),
                                               services_.random_seed + number);
  }

  [[nodiscard]] std::vector<std::shared_ptr<ExactlyOnceWriter>> all_and_leaving() const {
    auto writers = all();
    const std::lock_guard lock(mutex_);
    for (const auto& [number, writer] : leaving_) writers.push_back(writer);
    return writers;
  }

  void remove(std::uint64_t number, const std::string& id) {
    std::shared_ptr<ExactlyOnceWriter> last;  // destroyed after the lock is given back
    std::shared_ptr<ExactlyOnceWriter> former;
    const std::lock_guard lock(mutex_);
    const auto leaving = leaving_.find(number);
    if (leaving != leaving_.end()) {
      former = std::move(leaving->second);
      leaving_.erase(leaving);
    }
    const auto found = writers_.find(id);
    if (found == writers_.end() || found->second->number() != number) return;
    last = std::move(found->second);
    writers_.erase(found);
  }

  void remember(const std::string& id, std::uint64_t epoch) {
    if (!epochs_.contains(id)) order_.push_back(id);
    epochs_[id] = epoch;
    if (order_.size() <= kRememberedEpochs) return;
    if (!writers_.contains(order_.front())) epochs_.erase(order_.front());
    order_.pop_front();
  }

  [[nodiscard]] std::uint64_t highest_epoch(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto known = epochs_.find(id);
    return known == epochs_.end() ? 0 : known->second;
  }

  /// A writer of a lower epoch rolls back what it has open, before its successor looks for it.
  static asio::awaitable<void> end(std::shared_ptr<ExactlyOnceWriter> writer, std::uint64_t epoch,
                                   Deadline deadline) {
    const Deadline latest = std::min(deadline, Clock::now() + kFenceWait);
    auto ending = fence_and_wait(writer, epoch, latest);
    co_await run_on(writer->strand(), std::move(ending));
  }
  static asio::awaitable<Done> fence_and_wait(std::shared_ptr<ExactlyOnceWriter> writer,
                                              std::uint64_t epoch, Deadline deadline) {
    writer->fence(epoch);
    co_await writer->wait_gone(deadline);
    co_return Done{};
  }
  static asio::awaitable<Done> stop_writer(std::shared_ptr<ExactlyOnceWriter> writer) {
    co_await writer->stop();
    co_return Done{};
  }
  static asio::awaitable<bool> issued_by(std::shared_ptr<ExactlyOnceWriter> writer,
                                         ResumeToken token) {
    co_return writer->issued(token);
  }
  static asio::awaitable<Done> tell_committed(std::shared_ptr<ExactlyOnceWriter> writer,
                                              ResumeToken token) {
    writer->on_committed(token);
    co_return Done{};
  }
  /// Labels of what the writer has open.
  static asio::awaitable<std::vector<std::string>> open_transactions(
      std::shared_ptr<ExactlyOnceWriter> writer) {
    std::vector<std::string> labels;
    for (const TransactionReport& transaction : writer->report().transactions) {
      if (transaction.state == TransactionState::kOpen) labels.push_back(transaction.label);
    }
    co_return labels;
  }

  Services services_;
  TransactionControl control_;
  mutable std::mutex mutex_;  // guards what follows
  bool closed_ = false;
  std::uint64_t last_number_ = 0;
  std::map<std::string, std::shared_ptr<ExactlyOnceWriter>> writers_;
  // By number: a higher epoch took their place, and they still roll back what they have open.
  std::map<std::uint64_t, std::shared_ptr<ExactlyOnceWriter>> leaving_;
  std::map<std::string, std::uint64_t> epochs_;  // the highest seen
  std::deque<std::string> order_;                // of epochs_, oldest first
};

ExactlyOnceWriters::ExactlyOnceWriters(Services services)
    : impl_(std::make_shared<Impl>(std::move(services))) {}

ExactlyOnceWriters::~ExactlyOnceWriters() = default;

asio::awaitable<Answer<std::shared_ptr<WriteStream>>> ExactlyOnceWriters::open(
    OpenRequest request) {
  if (draining_) co_return draining_refusal();
  const auto impl = impl_;
  auto opening = impl->open(std::move(request));
  auto answer = co_await std::move(opening);
  co_return answer;
}

asio::awaitable<Answer<CheckpointOutcome>> ExactlyOnceWriters::checkpoint(CheckpointRequest request,
                                                                          Deadline deadline) {
  return impl_->checkpoint(std::move(request), deadline);
}

asio::awaitable<Answer<CommitOutcome>> ExactlyOnceWriters::commit(CommitRequest request,
                                                                  Deadline deadline) {
  return impl_->commit(std::move(request), deadline);
}

asio::awaitable<Answer<AbortOutcome>> ExactlyOnceWriters::abort(AbortRequest request,
                                                                Deadline deadline) {
  return impl_->abort(std::move(request), deadline);
}

bool ExactlyOnceWriters::holds(const std::string& writer_id) const {
  return impl_->find(writer_id) != nullptr;
}

std::vector<std::shared_ptr<ExactlyOnceWriter>> ExactlyOnceWriters::all() const {
  return impl_->all();
}

std::vector<PreparedTransaction> ExactlyOnceWriters::prepared() const { return impl_->prepared(); }

void ExactlyOnceWriters::relieve() {
  for (const auto& writer : impl_->all()) {
    auto call = [writer] { writer->relieve(); };
    asio::post(writer->strand(), std::move(call));
  }
}

void ExactlyOnceWriters::drain() {
  draining_ = true;
  impl_->close();
}

asio::awaitable<void> ExactlyOnceWriters::end_calls(Deadline deadline) {
  return impl_->end_calls(deadline);
}

asio::awaitable<void> ExactlyOnceWriters::stop() { return impl_->stop(); }

}  // namespace loadstar::txn
