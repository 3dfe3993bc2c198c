#include "core/base/assert.hpp"
#include "core/base/deadline.hpp"
#include "core/base/mutant.hpp"
#include "core/starrocks/label.hpp"
#include "core/txn/exactly_once_writer.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

// Recovery, phase one and the token of an exactly-once writer.

namespace loadstar::txn {
namespace {

/// What an Open may spend on each step of recovery; the client opens again if it is not enough.
constexpr std::chrono::seconds kRecoveryTime{30};

}  // namespace

// --- recovery ------------------------------------------------------------------------------------

asio::awaitable<Answer<ExactlyOnceWriter::Attachment>> ExactlyOnceWriter::attach(
    OpenRequest open, ResumeToken token) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  const auto keep = shared_from_this();
  ++attaching_;
  auto answer = co_await recover_and_attach(std::move(open), std::move(token));
  --attaching_;
  // The grace begins anew for a client that did not get in.
  left_alone_at_ = Clock::now();
  changed_.notify();
  co_return answer;
}

asio::awaitable<Answer<ExactlyOnceWriter::Attachment>> ExactlyOnceWriter::recover_and_attach(
    OpenRequest open, ResumeToken token) {
  while (recovery_ != Recovery::kDone && !ending_ && !stopping_) {
    if (recovery_ == Recovery::kRunning) {
      co_await changed_.wait();
      continue;
    }
    recovery_ = Recovery::kRunning;
    const auto recovered = co_await recover(base_);
    recovery_ = recovered.ok() ? Recovery::kDone : Recovery::kNeeded;
    changed_.notify();
    if (recovered.ok()) continue;
    // Nothing was begun in this epoch, so the same client may try again (reattach) if it was only
    // StarRocks that was away; any other refusal is the end of the writer.
    if (recovered.refusal().reason == Reason::kStarrocksUnavailable) {
      left_alone();
    } else {
      end(recovered.refusal());
    }
    co_return recovered.refusal();
  }
  if (ending_ || stopping_) {
    const bool fenced = failure_ && failure_->reason == Reason::kWriterFenced && !aborted_;
    const bool draining = stopping_ || (failure_ && failure_->reason == Reason::kDraining);
    if (fenced || draining) co_return over(slot_.number());
    co_return refuse(Reason::kEpochUsed,
                     fmt::format("epoch {} of the writer has ended on this daemon; increment the "
                                 "epoch and open again",
                                 epoch_));
  }
  if (!token.parts.empty() && token.checkpoint > ledger_.committed()) {
    // A token is decided: it is committed whatever becomes of the stream (ingest-api.md 3.1).
    const bool ask_first = !issued(token);
    const Deadline deadline = Clock::now() + kRecoveryTime;
    const auto committed = co_await shared_.control.commit(token, ask_first, false, deadline);
    if (!committed.ok()) co_return committed.refusal();
    on_committed(token);
    if (ending_ || stopping_) co_return over(slot_.number());
  }
  client_name_ = open.client_name;
  Attachment attachment;
  attachment.opened.attached = slot_.number() > 0;
  attachment.opened.next_sequence = ledger_.received() + 1;
  attachment.opened.next_checkpoint_id = ledger_.next_checkpoint();
  const auto prefix = starrocks::writer_label_prefix(shared_.label_prefix, id(), database());
  if (prefix.has_value()) attachment.opened.label_prefix = *prefix;
  attachment.stream = slot_.attach(ack());
  room_->notify();
  co_return attachment;
}

asio::awaitable<Answer<Done>> ExactlyOnceWriter::recover(ResumeToken token) {
  const auto keep = shared_from_this();
  if (!token.parts.empty()) {
    const Deadline deadline = Clock::now() + kRecoveryTime;
    const auto committed = co_await shared_.control.commit(token, true, false, deadline);
    if (!committed.ok()) co_return committed.refusal();
  }
  // A higher epoch, or the end of the daemon, whose client goes on elsewhere.
  if (ending_ || stopping_) co_return over(slot_.number());
  const auto max_pending = services_.limits.max_pending_checkpoints;
  CandidateRange range = candidates_after(token, epoch_ - 1, max_pending);
  const Deadline probe_deadline = Clock::now() + kRecoveryTime;
  if (!LOADSTAR_MUTANT(kEpochIsNotProbed)) {
    const auto unused = co_await shared_.control.check_unused(range, epoch_, probe_deadline);
    if (!unused.ok()) co_return unused.refusal();
  }
  const Deadline clean_deadline = Clock::now() + kRecoveryTime;
  const auto cleaned =
      co_await shared_.control.roll_back(range, token, WhatIsCommitted::kIsStale, clean_deadline);
  if (!cleaned.ok()) co_return cleaned.refusal();
  co_return Done{};
}

// --- phase one -----------------------------------------------------------------------------------

asio::awaitable<Answer<CheckpointOutcome>> ExactlyOnceWriter::checkpoint(CheckpointRequest request,
                                                                         Deadline deadline) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  const auto keep = shared_from_this();
  const std::uint64_t id = request.checkpoint_id;
  if (request.epoch < epoch_) {
    Refusal refusal =
        refuse(Reason::kWriterFenced,
               fmt::format("epoch {} owns the writer; {} is over", epoch_, request.epoch));
    refusal.metadata["epoch"] = std::to_string(epoch_);
    co_return refusal;
  }
  if (request.epoch > epoch_ || recovery_ != Recovery::kDone) {
    co_return refuse(
        Reason::kWriterNotOpen,
        fmt::format("epoch {} of the writer is not open on this daemon", request.epoch));
  }
  // A retry of one that is committed, perhaps with later ones: the ledger has forgotten it.
  const auto former = answers_.find(id);
  if (former != answers_.end() && id < ledger_.committed()) {
    const auto token = decode_resume_token(former->second.resume_token);
    if (token.value().last_sequence == request.last_sequence) co_return former->second;
  }
  bool closed = false;
  while (true) {
    const auto answer = answers_.find(id);
    if (closed && answer != answers_.end()) {
      const CheckpointOutcome outcome = answer->second;
      if (LOADSTAR_MUTANT(kCommitAtCheckpoint)) {
        const auto token = decode_resume_token(outcome.resume_token);
        const auto ignored = co_await shared_.control.commit(token.value(), false, false, deadline);
        static_cast<void>(ignored);
      }
      co_return outcome;
    }
    if (failure_) co_return *failure_;
    if (ending_ || stopping_) {
      co_return refuse(Reason::kWriterNotOpen, "the writer has ended");
    }
    if (!closed) {
      auto verdict = ledger_.close(id, request.last_sequence);
      if (!verdict.ok() && verdict.refusal().reason == Reason::kTooManyPendingCheckpoints) {
        co_await ask_what_is_committed(deadline);
        verdict = ledger_.close(id, request.last_sequence);
      }
      if (!verdict.ok()) co_return verdict.refusal();
      closed = true;
      if (id == base_.checkpoint) {
        co_return refuse(
            Reason::kCheckpointConflict,
            fmt::format("checkpoint {} is that of the token the writer was opened with", id));
      }
      if (LOADSTAR_MUTANT(kEmptyCheckpointBegins)) {
        const bool empty = std::none_of(parts_.begin(), parts_.end(), [id](const auto& part) {
          return part->checkpoint() == id;
        });
        const starrocks::TableName table{database(), "t1"};
        if (empty) {
          const auto ignored = co_await shared_.parts.client.begin(
              table, label(id, 0), std::chrono::seconds(60), deadline);
          static_cast<void>(ignored);
        }
      }
      seal_closed();
      answer_prepared();
      continue;
    }
    if (Clock::now() >= deadline) {
      co_return refuse_for_now(
          Reason::kStarrocksUnavailable,
          fmt::format(
              "checkpoint {} is not prepared yet (batch {} of {} received); the work goes on, "
              "call again",
              id, ledger_.received(), request.last_sequence));
    }
    co_await changed_.wait_until(deadline);
  }
}

/// Closed checkpoints whose batches are all here get no more rows.
void ExactlyOnceWriter::seal_closed() {
  for (const auto& part : parts_) {
    const auto last = ledger_.last_sequence(part->checkpoint());
    if (last && ledger_.received() >= *last && !part->sealed()) part->seal();
  }
  answer_prepared();
}

bool ExactlyOnceWriter::prepared_up_to(std::uint64_t checkpoint) const {
  return std::all_of(parts_.begin(), parts_.end(), [checkpoint](const auto& part) {
    return part->checkpoint() > checkpoint || part->state() == Part::State::kPrepared;
  });
}

/// Closed checkpoints of which everything is prepared get their token, in turn.
void ExactlyOnceWriter::answer_prepared() {
  bool answered = false;
  const std::uint64_t first =
      answers_.empty() ? base_.checkpoint + 1 : answers_.rbegin()->first + 1;
  for (std::uint64_t id = first; id <= ledger_.newest_closed(); ++id) {
    const auto last = ledger_.last_sequence(id);
    if (!last || ledger_.received() < *last || !prepared_up_to(id)) break;
    for (const auto& part : parts_) {
      if (part->checkpoint() == id) filtered_rows_ += part->counts().filtered_rows;
    }
    answers_[id] = outcome_of(id);
    answered = true;
  }
  if (!answered) return;
  // A retry asks for the last ones only; older ones are long superseded.
  while (answers_.size() > services_.limits.max_pending_checkpoints + 1U) {
    answers_.erase(answers_.begin());
  }
  changed_.notify();
  finish_if_drained();
}

CheckpointOutcome ExactlyOnceWriter::outcome_of(std::uint64_t checkpoint) const {
  CheckpointOutcome outcome;
  outcome.resume_token = encode(token_for(checkpoint));
  for (const auto& part : parts_) {
    if (part->checkpoint() > checkpoint) break;
    const auto age = Clock::now() - part->prepared_at();
    const auto expires =
        wall_now() +
        std::chrono::duration_cast<std::chrono::system_clock::duration>(prepared_timeout() - age);
    if (!outcome.expire_time || expires < *outcome.expire_time) outcome.expire_time = expires;
    if (part->checkpoint() != checkpoint) continue;
    LoadSummary load;
    load.table = part->lane().table;
    load.label = part->label();
    load.transaction_id = part->transaction_id();
    load.total_rows = part->counts().total_rows;
    load.filtered_rows = part->counts().filtered_rows;
    load.bytes = part->bytes();
    outcome.loads.push_back(std::move(load));
  }
  return outcome;
}

Clock::duration ExactlyOnceWriter::prepared_timeout() const {
  return shared_.parts.options.times.prepared_timeout;
}

ResumeToken ExactlyOnceWriter::token_for(std::uint64_t checkpoint) const {
  ResumeToken token;
  token.prefix = shared_.label_prefix;
  token.writer = id();
  token.database = database();
  token.epoch = epoch_;
  token.checkpoint = checkpoint;
  token.last_sequence = *ledger_.last_sequence(checkpoint);
  for (const auto& part : parts_) {
    if (part->checkpoint() > checkpoint) break;
    if (LOADSTAR_MUTANT(kTokenIsNotCumulative) && part->checkpoint() != checkpoint) continue;
    token.parts.push_back({part->lane().table, epoch_, part->checkpoint(), part->number()});
  }
  return token;
}

bool ExactlyOnceWriter::something_unprepared() const {
  const bool closing =
      ledger_.newest_closed() > base_.checkpoint && !answers_.contains(ledger_.newest_closed());
  return closing || std::any_of(parts_.begin(), parts_.end(), [](const auto& part) {
           return part->state() != Part::State::kPrepared;
         });
}

void ExactlyOnceWriter::left_open(const std::string& label) {
  shared_.control.roll_back_later(database(), label);
}

void ExactlyOnceWriter::prepared(const Part& part, std::unique_ptr<OpenTransaction> gauge) {
  PreparedTransaction transaction;
  transaction.label = part.label();
  transaction.writer = id();
  transaction.database = database();
  transaction.table = part.lane().table;
  transaction.epoch = epoch_;
  transaction.begun_at = part.begun_at();
  transaction.prepared_at = part.prepared_at();
  shared_.control.watch(std::move(transaction), std::move(gauge));
}

void ExactlyOnceWriter::part_ended() {
  for (const auto& part : parts_) {
    if (part->state() != Part::State::kFailed) continue;
    services_.logger.error("the writer ends with a part that failed", {{"label", part->label()}});
    end(part->failure());
    return;
  }
  answer_prepared();
}

// --- phase two, as far as the writer is concerned ------------------------------------------------

bool ExactlyOnceWriter::issued(const ResumeToken& token) const {
  return token.epoch == epoch_ && token.checkpoint > base_.checkpoint &&
         token.checkpoint <= (answers_.empty() ? 0 : answers_.rbegin()->first);
}

void ExactlyOnceWriter::on_committed(const ResumeToken& token) {
  if (token.epoch != epoch_ || token.checkpoint <= ledger_.committed() || gone_) return;
  if (token.checkpoint > ledger_.newest_closed()) {
    // Two daemons serve one epoch, so neither knows what the other has received (R1).
    end(refuse(Reason::kEpochUsed,
               fmt::format("checkpoint {} of epoch {} was prepared by another daemon; increment "
                           "the epoch and open again",
                           token.checkpoint, epoch_)));
    return;
  }
  ledger_.commit(token.checkpoint, token.last_sequence);
  std::list<std::unique_ptr<Part>> done;
  while (!parts_.empty() && parts_.front()->checkpoint() <= token.checkpoint) {
    done.splice(done.end(), parts_, parts_.begin());
  }
  for (const auto& part : done) {
    shared_.control.forget(part->label());
    TableMetrics& series = services_.metrics.table(database(), part->lane().table);
    series.loads_succeeded.Increment();
    series.load_bytes.Increment(static_cast<double>(part->bytes()));
    series.rows_loaded.Increment(static_cast<double>(part->counts().loaded_rows));
    series.rows_filtered.Increment(static_cast<double>(part->counts().filtered_rows));
    series.rows_unselected.Increment(static_cast<double>(part->counts().unselected_rows));
    series.last_success.Set(std::chrono::duration<double>(wall_now().time_since_epoch()).count());
  }
  numbers_.erase(numbers_.begin(), numbers_.upper_bound(token.checkpoint));
  if (!done.empty() && !stopping_) tasks_.spawn(discard(std::move(done)), shared_from_this());
  changed_.notify();
  finish_if_drained();
}

/// Another process may have committed a token of this writer; StarRocks knows.
asio::awaitable<void> ExactlyOnceWriter::ask_what_is_committed(Deadline deadline) {
  while (!ending_ && !stopping_ && Clock::now() < deadline) {
    const std::uint64_t next = ledger_.committed() + 1;
    const auto answer = answers_.find(next);
    if (answer == answers_.end()) co_return;
    const auto token = decode_resume_token(answer->second.resume_token);
    std::vector<std::string> labels;
    for (const TokenPart& part : token.value().parts) {
      if (part.checkpoint == next) labels.push_back(label_of(token.value(), part));
    }
    for (const std::string& label : labels) {
      const Deadline until =
          std::min(deadline, Clock::now() + shared_.parts.options.starrocks.query_timeout);
      const auto state = co_await shared_.parts.client.label_state(database(), label, until);
      const bool committed =
          state.has_value() && (state->state == starrocks::LabelState::kCommitted ||
                                state->state == starrocks::LabelState::kVisible);
      if (!committed) co_return;
    }
    // A checkpoint without rows is committed with the one before it.
    on_committed(token.value());
  }
}

// --- parts ---------------------------------------------------------------------------------------

asio::awaitable<std::optional<std::uint64_t>> ExactlyOnceWriter::begin_turn(
    std::uint64_t checkpoint) {
  while (numbers_[checkpoint].begin_under_way && !ending_) co_await changed_.wait();
  if (ending_) co_return std::nullopt;
  Numbers& numbers = numbers_[checkpoint];
  if (numbers.next > starrocks::kMaxPart) co_return std::nullopt;
  numbers.begin_under_way = true;
  co_return numbers.next;
}

void ExactlyOnceWriter::end_turn(std::uint64_t checkpoint, bool spent) {
  Numbers& numbers = numbers_[checkpoint];
  numbers.begin_under_way = false;
  if (spent) ++numbers.next;
  changed_.notify();
}

std::string ExactlyOnceWriter::label(std::uint64_t checkpoint, std::uint64_t number) const {
  const auto label = starrocks::build(
      starrocks::PartLabel{shared_.label_prefix, id(), starrocks::database_hash(database()),
                           LOADSTAR_MUTANT(kLabelWithoutEpoch) ? 1 : epoch_, checkpoint, number});
  LOADSTAR_ASSERT(label.has_value(), "the Open and the ledger checked the fields");
  return *label;
}

}  // namespace loadstar::txn
