#include "core/base/deadline.hpp"
#include "tests/simulation/exactly_once_client.hpp"
#include "tests/simulation/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// Phase one, the decision and phase two of an exactly-once client, over calls that can be lost,
// late or repeated.

namespace loadstar::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kLongPauseMs = 120'000;
constexpr seconds kCallDeadline{120};

}  // namespace

asio::awaitable<void> ExactlyOnceClient::pause(std::uint64_t most_ms) {
  co_await sleep_for(milliseconds(1 + random_.below(most_ms)));
}

asio::awaitable<Mishap> ExactlyOnceClient::begin_step(Step step) {
  const Mishap mishap = world_.mishaps.draw(step);
  if (mishap != Mishap::kNone) {
    trace("{} epoch {}: {} at {}", writer_.name, record_.epoch, to_string(mishap), to_string(step));
  }
  if (mishap == Mishap::kCrashBefore) crash();
  if (mishap == Mishap::kPauseBefore) co_await pause(kLongPauseMs);
  co_return mishap;
}

asio::awaitable<void> ExactlyOnceClient::end_step(Mishap mishap) {
  if (mishap == Mishap::kCrashAfter) crash();
  if (mishap == Mishap::kPauseAfter) co_await pause(kLongPauseMs);
}

asio::awaitable<void> ExactlyOnceClient::commit_checkpoints() {
  while (may_go_on()) {
    if (cuts_.empty() || !recovered_) {
      const bool all_saved = recovered_ && record_.position >= writer_.rows.size();
      if (all_saved && committed_ >= saved_) {
        writer_.finished = true;
        exits_ = true;
        wake();
        co_return;
      }
      if (all_saved) {
        // The last notice was lost; nobody else sends it.
        const bool committed = co_await commit(record_.token, saved_, record_.position);
        static_cast<void>(committed);
        continue;
      }
      co_await progress_.wait();
      continue;
    }
    const Cut cut = cuts_.front();
    const auto token = co_await checkpoint(cut);
    if (!token) continue;  // judged
    const bool saved = co_await save(cut, *token);
    if (!saved) continue;
    if (skips_commit_ && cut.end < writer_.rows.size()) continue;
    if (random_.chance(50)) {
      tasks_.spawn(commit_in_background(*token, cut.checkpoint, cut.end));
    } else {
      const bool committed = co_await commit(*token, cut.checkpoint, cut.end);
      static_cast<void>(committed);
    }
  }
}

/// The token; nullopt if the incarnation's situation has changed.
asio::awaitable<std::optional<std::string>> ExactlyOnceClient::checkpoint(Cut cut) {
  while (may_go_on()) {
    const Mishap mishap = co_await begin_step(Step::kCheckpoint);
    if (!may_go_on()) break;
    const auto process = mishap == Mishap::kOtherDaemon ? any_daemon() : process_;
    const auto reply = co_await call_checkpoint(process, cut, mishap);
    co_await end_step(mishap);
    if (!may_go_on()) break;
    if (reply && reply->ok()) co_return reply->value().resume_token;
    if (reply && reply->refusal().reason == Reason::kTooManyPendingCheckpoints) {
      // Commit first: the newest token that is durable.
      if (!record_.token.empty() && saved_ > 0) {
        const bool committed = co_await commit(record_.token, saved_, record_.position);
        static_cast<void>(committed);
      }
    } else if (reply && process != process_ &&
               reply->refusal().reason == Reason::kCheckpointConflict) {
      // An Open that came late can have opened this epoch there as well, while it had begun
      // nothing. That daemon knows the token alone, so the checkpoint is out of turn (ingest-api.md
      // 3.2). It says nothing about the writer, which is on the daemon of the stream.
      trace("{} epoch {}: {} (other daemon)", writer_.name, record_.epoch,
            reply->refusal().message);
    } else if (reply) {
      judge(reply->refusal());
    }
    co_await pause(1000);
  }
  co_return std::nullopt;
}

asio::awaitable<ExactlyOnceClient::Reply<txn::CheckpointOutcome>>
ExactlyOnceClient::call_checkpoint(Process process, Cut cut, Mishap mishap) {
  txn::CheckpointRequest request;
  request.writer_id = writer_.name;
  request.epoch = record_.epoch;
  request.checkpoint_id = cut.checkpoint;
  request.last_sequence = cut.last_sequence;
  if (mishap == Mishap::kRepeated) late_.spawn(repeat_checkpoint(request, at_));
  if (mishap == Mishap::kRequestLost || process->dead()) co_return std::nullopt;
  const bool hasty = mishap == Mishap::kShortDeadline;
  const Deadline deadline =
      Clock::now() + (hasty ? milliseconds(random_.below(300)) : milliseconds(kCallDeadline));
  auto answer = co_await process->writers()->checkpoint(std::move(request), deadline);
  if (mishap == Mishap::kReplyLost || process->dead()) co_return std::nullopt;
  co_return answer;
}

/// R = save({R.epoch, T, position}): the decision. True if the token is durable now.
asio::awaitable<bool> ExactlyOnceClient::save(Cut cut, std::string token) {
  const Mishap mishap = co_await begin_step(Step::kSave);
  if (!may_go_on()) co_return false;
  // A declined checkpoint needs no call: the next token names its transactions too.
  const bool last = cut.end >= writer_.rows.size();
  if (mishap == Mishap::kDeclined && !last && declined_ + 1 < max_pending()) {
    ++declined_;
    cuts_.pop_front();
    wake();  // whoever waits for the checkpoint before it cuts the next one
    co_return false;
  }
  ClientRecord record = record_;
  record.token = std::move(token);
  record.position = cut.end;
  const bool blind = world_.plan.variant == ClientVariant::kNoCompareAndSet;
  auto saved = writer_.store.save(std::move(record), blind);
  if (!saved) {
    exits_ = true;  // another instance is alive
    wake();
    co_return false;
  }
  record_ = std::move(*saved);
  world_.oracle.saved(writer_);
  trace("{} epoch {} checkpoint {} is durable, row {}", writer_.name, record_.epoch, cut.checkpoint,
        cut.end);
  declined_ = 0;
  skips_commit_ = mishap == Mishap::kNotCommitted;
  saved_ = cut.checkpoint;
  cuts_.pop_front();
  while (!kept_.empty() && kept_.front().sequence <= cut.last_sequence) kept_.pop_front();
  wake();
  co_await end_step(mishap);
  co_return may_go_on();
}

asio::awaitable<void> ExactlyOnceClient::commit_in_background(std::string token,
                                                              std::uint64_t checkpoint,
                                                              std::size_t position) {
  const bool committed = co_await commit(std::move(token), checkpoint, position);
  static_cast<void>(committed);
}

/// Commit, until it is answered; true if all of it is committed.
asio::awaitable<bool> ExactlyOnceClient::commit(std::string token, std::uint64_t checkpoint,
                                                std::size_t position) {
  while (may_go_on()) {
    const Mishap mishap = co_await begin_step(Step::kCommit);
    if (!may_go_on()) break;
    const auto reply = co_await call_commit(token, mishap);
    if (reply && reply->ok()) {
      world_.oracle.committed(writer_, token, position, reply->value().visible);
      committed_ = std::max(committed_, checkpoint);
      wake();
    }
    co_await end_step(mishap);
    if (reply && reply->ok()) co_return true;
    if (!may_go_on()) break;
    if (reply) judge(reply->refusal());
    co_await pause(1000);
  }
  co_return false;
}

asio::awaitable<ExactlyOnceClient::Reply<txn::CommitOutcome>> ExactlyOnceClient::call_commit(
    std::string token, Mishap mishap) {
  txn::CommitRequest request;
  request.resume_token = std::move(token);
  request.wait_visible = random_.chance(10);
  if (mishap == Mishap::kRepeated) late_.spawn(repeat_commit(request));
  if (mishap == Mishap::kRequestLost) co_return std::nullopt;
  // Any daemon can commit a token.
  const bool own = process_ && !process_->dead() && mishap != Mishap::kOtherDaemon;
  const auto process = own ? process_ : any_daemon();
  const bool hasty = mishap == Mishap::kShortDeadline;
  const Deadline deadline =
      Clock::now() + (hasty ? milliseconds(random_.below(300)) : milliseconds(kCallDeadline));
  auto answer = co_await process->writers()->commit(std::move(request), deadline);
  if (mishap == Mishap::kReplyLost || process->dead()) co_return std::nullopt;
  co_return answer;
}

/// Abort with the durable token (ingest-api.md 3.4), and exit.
asio::awaitable<void> ExactlyOnceClient::give_up() {
  exits_ = true;
  wake();
  const Mishap mishap = co_await begin_step(Step::kAbort);
  if (crashed_) co_return;
  txn::AbortRequest request;
  request.writer_id = writer_.name;
  request.database = "test";
  request.epoch = record_.epoch;
  request.resume_token = record_.token;
  if (mishap == Mishap::kRepeated) late_.spawn(repeat_abort(request));
  if (mishap == Mishap::kRequestLost) co_return;
  const auto process = mishap == Mishap::kOtherDaemon ? any_daemon() : process_;
  co_await abort_at(process, std::move(request));
  co_await end_step(mishap);
}

asio::awaitable<void> ExactlyOnceClient::abort_at(Process process, txn::AbortRequest request) {
  const auto since = Clock::now();
  const Deadline deadline = since + kCallDeadline;
  const std::uint64_t epoch = request.epoch;
  const std::string token = request.resume_token;
  const auto answer = co_await process->writers()->abort(std::move(request), deadline);
  if (answer.ok()) world_.oracle.aborted(writer_, epoch, token, since, max_pending());
}

bool ExactlyOnceClient::judge(const Refusal& refusal) {
  trace("{} epoch {} is refused: {}", writer_.name, record_.epoch, refusal.message);
  switch (refusal.reason) {
    case Reason::kStarrocksUnavailable:
    case Reason::kDraining:
    case Reason::kOverloaded:
    case Reason::kStreamReplaced:
    case Reason::kWriterNotOpen:
    case Reason::kTooManyPendingCheckpoints:
      return true;
    case Reason::kWriterFenced:
      exits_ = true;
      break;
    case Reason::kRowsRejected:
      writer_.leaves_out_bad = true;
      epoch_over_ = true;
      break;
    case Reason::kEpochUsed:
    case Reason::kRowCountMismatch:
    case Reason::kIntervalLost:
      epoch_over_ = true;
      break;
    case Reason::kCheckpointLost:
    case Reason::kOutcomeUnknown:
    case Reason::kStaleResumeToken:
      world_.oracle.lost(writer_, refusal);
      exits_ = true;
      break;
    default:
      world_.oracle.violations().add(
          "V8", fmt::format("{} is refused with reason {}: {}", writer_.name,
                            static_cast<int>(refusal.reason), refusal.message));
      exits_ = true;
      break;
  }
  wake();
  return false;
}

// Late repetitions: the client knows nothing of them.

asio::awaitable<void> ExactlyOnceClient::repeat_open(txn::OpenRequest request) {
  co_await pause(kLongPauseMs);
  const auto process = any_daemon();
  const std::uint64_t epoch = request.epoch;
  auto answer = co_await process->writers()->open(std::move(request));
  if (!answer.ok()) co_return;
  world_.oracle.log().opened(process->number(), writer_.name, epoch);
  answer.value()->disconnect();
}

asio::awaitable<void> ExactlyOnceClient::repeat_checkpoint(txn::CheckpointRequest request,
                                                           std::size_t at) {
  co_await pause(kLongPauseMs);
  const auto process = world_.cluster.daemon(at);
  const Deadline deadline = Clock::now() + kCallDeadline;
  const auto answer = co_await process->writers()->checkpoint(std::move(request), deadline);
  static_cast<void>(answer);
}

asio::awaitable<void> ExactlyOnceClient::repeat_commit(txn::CommitRequest request) {
  co_await pause(kLongPauseMs);
  const Deadline deadline = Clock::now() + kCallDeadline;
  const auto answer = co_await any_daemon()->writers()->commit(std::move(request), deadline);
  static_cast<void>(answer);
}

asio::awaitable<void> ExactlyOnceClient::repeat_abort(txn::AbortRequest request) {
  co_await pause(kLongPauseMs);
  const auto process = any_daemon();
  co_await abort_at(process, std::move(request));
}

}  // namespace loadstar::simulation
