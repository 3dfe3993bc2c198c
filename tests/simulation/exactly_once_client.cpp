#include "tests/simulation/exactly_once_client.hpp"

#include "core/base/deadline.hpp"
#include "tests/simulation/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// Epochs and the stream of an exactly-once client; exactly_once_client_rows.cpp and _calls.cpp have
// the rest.

namespace loadstar::simulation {

ExactlyOnceClient::ExactlyOnceClient(ClientWorld& world, SimulatedWriter& writer,
                                     std::uint64_t random_seed, Signal& changed)
    : world_(world),
      writer_(writer),
      random_(random_seed),
      changed_(changed),
      progress_(world.io.get_executor()),
      tasks_(world.io.get_executor()),
      late_(world.io.get_executor()) {}

void ExactlyOnceClient::crash() {
  crashed_ = true;
  over_ = true;
  wake();
  changed_.notify();
}

void ExactlyOnceClient::wake() { progress_.notify(); }

std::uint64_t ExactlyOnceClient::max_pending() const {
  return world_.cluster.options().limits.max_pending_checkpoints;
}

ExactlyOnceClient::Process ExactlyOnceClient::any_daemon() {
  return world_.cluster.daemon(random_.below(Cluster::kDaemons));
}

asio::awaitable<void> ExactlyOnceClient::run() {
  const auto keep = shared_from_this();
  while (!crashed_ && !exits_) {
    const bool claimed = co_await claim();
    if (!claimed) break;
    co_await serve_epoch();
    if (retired_) break;
    if (may_go_on() || epoch_over_) co_await pause(2000);
  }
  trace("{} epoch {} is over{}", writer_.name, record_.epoch, exits_ ? ", exits" : "");
  over_ = true;
  changed_.notify();
  co_await late_.join();
}

/// R = load(); R.epoch += 1; save(R).
asio::awaitable<bool> ExactlyOnceClient::claim() {
  const Mishap mishap = co_await begin_step(Step::kClaim);
  if (crashed_) co_return false;
  record_ = writer_.store.load();
  const auto variant = world_.plan.variant;
  if (variant == ClientVariant::kEpochProbed) {
    // The first epoch without a trace, from the one of the record on.
    record_.epoch = std::max<std::uint64_t>(record_.epoch, 1);
    const auto& labels = world_.oracle.model().transactions();
    const auto used = [&](std::uint64_t epoch) {
      return std::any_of(labels.begin(), labels.end(), [&](const auto& entry) {
        const auto label = starrocks::parse_label(entry.first);
        const auto* part = label ? std::get_if<starrocks::PartLabel>(&*label) : nullptr;
        return part != nullptr && part->writer == writer_.name && part->epoch == epoch;
      });
    };
    while (used(record_.epoch)) ++record_.epoch;
  } else {
    ++record_.epoch;
  }
  // A process that was stopped between load and save finds out by the comparison.
  co_await end_step(mishap);
  if (crashed_) co_return false;
  if (variant != ClientVariant::kEpochProbed && variant != ClientVariant::kEpochNotDurable) {
    const auto saved = writer_.store.save(record_, variant == ClientVariant::kNoCompareAndSet);
    if (!saved) co_return false;
    record_ = *saved;
  }
  trace("{} claims epoch {} at row {}", writer_.name, record_.epoch, record_.position);
  epoch_over_ = false;
  opens_ = 0;
  at_ = random_.below(Cluster::kDaemons);
  process_ = nullptr;
  position_ = record_.position;
  recovered_ = false;
  declined_ = 0;
  kept_.clear();
  cuts_.clear();
  ends_.clear();
  co_return true;
}

asio::awaitable<void> ExactlyOnceClient::serve_epoch() {
  tasks_.spawn(commit_checkpoints());
  co_await send_rows();
  wake();
  co_await tasks_.join();
}

asio::awaitable<void> ExactlyOnceClient::send_rows() {
  while (may_go_on()) {
    const auto stream = co_await open();
    if (!may_go_on()) break;
    if (!stream) {
      co_await pause(3000);
      continue;
    }
    tasks_.spawn(listen(stream));
    bool sending = true;
    while (sending && may_go_on() && !stream->ended) sending = co_await send_next(stream);
    // A dead client's connection may be noticed late.
    if (crashed_ && random_.chance(40)) co_await pause(60'000);
    if (exits_ && random_.chance(50)) {
      stream->stream->half_close();
    } else {
      stream->stream->disconnect();
    }
    while (!stream->ended) co_await progress_.wait();
    if (!may_go_on()) break;
    if (stream->refusal) judge(*stream->refusal);
    co_await pause(1000);
  }
}

asio::awaitable<std::shared_ptr<ExactlyOnceClient::Stream>> ExactlyOnceClient::open() {
  const bool first = opens_++ == 0;
  const Mishap mishap = co_await begin_step(Step::kOpen);
  if (!may_go_on()) co_return nullptr;
  if (mishap == Mishap::kOtherDaemon) at_ = (at_ + 1) % Cluster::kDaemons;
  txn::OpenRequest request;
  request.writer_id = writer_.name;
  request.database = "test";
  request.delivery = txn::Delivery::kExactlyOnce;
  request.epoch = record_.epoch;
  request.resume_token = record_.token;
  request.client_name = writer_.name;
  request.reattach = !first && world_.plan.variant != ClientVariant::kNeverReattaches;
  if (mishap == Mishap::kRepeated) late_.spawn(repeat_open(request));
  if (mishap == Mishap::kRequestLost) co_return nullptr;
  const auto process = world_.cluster.daemon(at_);
  const auto since = Clock::now();
  const std::string token = request.resume_token;
  const bool calm = world_.mishaps.healed() && world_.starrocks.under_way() == 0;
  auto answer = co_await process->writers()->open(std::move(request));
  if (process->dead()) co_return nullptr;
  if (answer.ok()) world_.oracle.log().opened(process->number(), writer_.name, record_.epoch);
  co_await end_step(mishap);
  if (!may_go_on() || mishap == Mishap::kReplyLost) {
    if (answer.ok()) answer.value()->disconnect();
    co_return nullptr;
  }
  if (!answer.ok()) {
    judge(answer.refusal());
    co_return nullptr;
  }
  const auto stream = std::make_shared<Stream>();
  stream->process = process;
  stream->stream = answer.value();
  if (calm && !stream->stream->opened().attached) {
    world_.oracle.recovered(writer_, record_.epoch, token, since, max_pending());
  }
  on_opened(*stream);
  co_return stream;
}

void ExactlyOnceClient::on_opened(Stream& stream) {
  process_ = stream.process;
  trace("{} epoch {} is open on daemon {}", writer_.name, record_.epoch, process_->number());
  const auto& opened = stream.stream->opened();
  const std::uint64_t next = *opened.next_checkpoint_id;
  auto& violations = world_.oracle.violations();
  if (!recovered_) {
    recovered_ = true;
    next_sequence_ = opened.next_sequence;
    checkpoint_ = next;
    committed_ = saved_ = next - 1;
    writer_.committed = std::max(writer_.committed, record_.position);
  } else if (!kept_.empty() && opened.next_sequence < kept_.front().sequence) {
    violations.add("V1",
                   fmt::format("{} is asked for batch {}, which is covered by a durable token",
                               writer_.name, opened.next_sequence));
  } else if (opened.next_sequence > next_sequence_) {
    violations.add("V3", fmt::format("{} is asked for batch {}, and has made none above {}",
                                     writer_.name, opened.next_sequence, next_sequence_ - 1));
  }
  next_to_send_ = opened.next_sequence;
  for (const Kept& batch : kept_) {
    if (batch.sequence >= next_to_send_ && batch.checkpoint < next) {
      violations.add("V3", fmt::format("{}: batch {} of checkpoint {} is wanted, but only from "
                                       "checkpoint {} on",
                                       writer_.name, batch.sequence, batch.checkpoint, next));
    }
  }
  wake();
}

/// False: this stream is of no more use.
asio::awaitable<bool> ExactlyOnceClient::send_next(std::shared_ptr<Stream> stream) {
  auto found = std::find_if(kept_.begin(), kept_.end(),
                            [this](const Kept& batch) { return batch.sequence >= next_to_send_; });
  if (found == kept_.end()) {
    const bool cut = cut_batch();
    if (!cut) {
      co_await progress_.wait();
      co_return true;
    }
    found = std::prev(kept_.end());
  }
  const Kept batch = *found;
  const Mishap mishap = co_await begin_step(Step::kAppend);
  if (!may_go_on() || stream->ended) co_return false;
  if (mishap == Mishap::kStreamBreaks) co_return false;
  if (mishap == Mishap::kGivesUp) {
    co_await give_up();
    co_return false;
  }
  world_.oracle.sent(writer_, record_.epoch, batch.checkpoint);
  SliceList message;
  message.append(Slice::from_string(batch.message));
  const auto appended = co_await stream->stream->append(std::move(message));
  if (!appended.ok()) co_return false;
  next_to_send_ = std::max(next_to_send_, batch.sequence + 1);
  co_await end_step(mishap);
  if (random_.chance(30)) co_await pause(400);
  co_return true;
}

asio::awaitable<void> ExactlyOnceClient::listen(std::shared_ptr<Stream> stream) {
  const auto source = stream->stream;
  while (true) {
    auto event = co_await source->next_event();
    if (const auto* ack = std::get_if<txn::Ack>(&event)) {
      if (!stream->process->dead()) on_ack(*ack);
      continue;
    }
    auto* ended = std::get_if<txn::Ended>(&event);
    if (ended == nullptr) continue;
    if (!stream->process->dead()) stream->refusal = std::move(ended->refusal);
    stream->ended = true;
    wake();
    co_return;
  }
}

void ExactlyOnceClient::on_ack(const txn::Ack& ack) {
  if (ack.committed_sequence > ack.received_sequence) {
    world_.oracle.violations().add(
        "V8", fmt::format("{}: {} committed of {} received", writer_.name, ack.committed_sequence,
                          ack.received_sequence));
  }
  const auto end = ends_.find(ack.committed_sequence);
  if (end != ends_.end()) world_.oracle.acknowledged(writer_, end->second);
}

}  // namespace loadstar::simulation
