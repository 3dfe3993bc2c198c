#include "tests/simulation/simulated_client.hpp"

#include "core/base/deadline.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/support/wire_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace loadstar::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kCsv = 2;  // loadstar.v1.FORMAT_CSV

/// "5,9-11" as numbers.
std::vector<std::uint64_t> parse_ranges(const std::string& text) {
  std::vector<std::uint64_t> numbers;
  std::uint64_t first = 0;
  std::uint64_t number = 0;
  bool in_range = false;
  const auto flush = [&] {
    if (number == 0) return;
    for (auto i = in_range ? first : number; i <= number; ++i) numbers.push_back(i);
    number = 0;
    in_range = false;
  };
  for (const char character : text) {
    if (character == ',') {
      flush();
    } else if (character == '-') {
      first = number;
      number = 0;
      in_range = true;
    } else {
      number = number * 10 + static_cast<std::uint64_t>(character - '0');
    }
  }
  flush();
  return numbers;
}

bool is_transient(const Refusal& refusal) {
  return refusal.reason == Reason::kDraining || refusal.reason == Reason::kOverloaded ||
         refusal.reason == Reason::kStarrocksUnavailable;
}

}  // namespace

struct SimulatedClient::Call {
  std::shared_ptr<txn::WriterRegistry> daemon;
  std::shared_ptr<txn::WriteStream> stream;
  std::uint64_t next_sequence = 1;
  bool over = false;
  std::optional<Refusal> refusal;
};

SimulatedClient::SimulatedClient(boost::asio::io_context& io, Random& random, ClientPlan plan,
                                 Ledger& ledger,
                                 std::function<std::shared_ptr<txn::WriterRegistry>()> daemon)
    : io_(io),
      random_(random),
      plan_(std::move(plan)),
      ledger_(ledger),
      daemon_(std::move(daemon)),
      tasks_(io.get_executor()),
      ended_(io.get_executor()) {
  for (unsigned i = 0; i < plan_.batches; ++i) {
    Batch batch;
    batch.table = plan_.tables[random_.below(plan_.tables.size())];
    batch.bad = random_.chance(plan_.bad_percent);
    const auto count = 1 + random_.below(plan_.rows_max);
    for (std::uint64_t row = 0; row < count; ++row) {
      const bool bad = batch.bad && row == 0;
      batch.rows.push_back(fmt::format("{}:{}:{}:{}", plan_.name, i, row, bad ? "BAD" : "good"));
      ledger_.rows[batch.rows.back()] = {batch.table, bad, false, 0};
    }
    waiting_.push_back(std::move(batch));
  }
}

asio::awaitable<void> SimulatedClient::run() {
  while (!waiting_.empty()) {
    const auto call = std::make_shared<Call>();
    const bool opened = co_await open(*call);
    if (!opened) {
      co_await sleep_for(std::chrono::milliseconds(200 + random_.below(2000)));
      continue;
    }
    tasks_.spawn(listen(call));
    const bool sent = co_await send_all(call);
    if (sent) call->stream->half_close();
    while (!call->over) co_await ended_.wait();
    trace("{}: stream over{}{}", plan_.name, sent ? ", all was sent" : "",
          call->refusal ? ": " + call->refusal->message : "");
    call->stream.reset();
    if (!call->refusal && sent) {
      // OK after a half-close: every received batch is committed (ingest_service.proto, Write).
      for (const Batch& batch : waiting_) {
        ledger_.violate(
            fmt::format("{}: the stream ended with OK, but batch {} was not acknowledged",
                        plan_.name, batch.sequence));
      }
      waiting_.clear();
    } else if (call->refusal && call->refusal->reason == Reason::kRowsRejected) {
      settle_rejection(*call->refusal);
    } else if (call->refusal && !is_transient(*call->refusal) &&
               call->refusal->reason != Reason::kUnsupportedCombination) {
      ledger_.violate(fmt::format("{}: the stream ended with reason {}: {}", plan_.name,
                                  static_cast<int>(call->refusal->reason), call->refusal->message));
      waiting_.clear();
    }
    // An anonymous client cannot come back to its writer: what it was not promised it sends again.
    // Now and then a client stays away for longer than any session_grace: its writer ends without
    // it.
    const bool away = random_.chance(plan_.away_percent);
    co_await sleep_for(std::chrono::milliseconds(random_.below(away ? 90'000 : 500)));
  }
  co_await tasks_.join();
  finished_ = true;
}

asio::awaitable<bool> SimulatedClient::open(Call& call) {
  call.daemon = daemon_();
  if (!call.daemon) co_return false;
  txn::OpenRequest request;
  if (plan_.named) request.writer_id = plan_.name;
  request.database = "test";
  request.client_name = plan_.name;
  auto answer = co_await call.daemon->open(std::move(request));
  if (!answer.ok()) {
    if (!is_transient(answer.refusal())) {
      ledger_.violate(
          fmt::format("{}: Open was refused: {}", plan_.name, answer.refusal().message));
      waiting_.clear();
    }
    co_return false;
  }
  call.stream = answer.value();
  const auto& opened = call.stream->opened();
  call.next_sequence = opened.next_sequence;
  trace("{} is {} from batch {} on", plan_.name, opened.attached ? "attached" : "opened anew",
        opened.next_sequence);
  if (!opened.attached) {
    ++incarnations_;
    for (Batch& batch : waiting_) batch.sequence = 0;
  }
  co_return true;
}

asio::awaitable<bool> SimulatedClient::send_all(std::shared_ptr<Call> call) {
  // Batches below next_sequence are with the daemon already.
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    // Acknowledged batches leave the front while this loop waits, so it finds its place again.
    if (waiting_[i].sequence != 0 && waiting_[i].sequence < call->next_sequence) continue;
    if (call->over) co_return false;
    if (random_.chance(plan_.break_percent)) {
      call->stream->disconnect();
      co_return false;
    }
    Batch& batch = waiting_[i];
    const bool first_time = batch.sequence == 0;
    batch.sequence = call->next_sequence;
    if (first_time) {
      for (const auto& row : batch.rows) ++ledger_.rows[row].sendings;
    }
    const std::uint64_t sequence = batch.sequence;
    trace("{} sends batch {}: {}", plan_.name, sequence, fmt::join(batch.rows, " "));
    auto bytes = message(batch);
    const auto stream = call->stream;
    const auto appended = co_await stream->append(std::move(bytes));
    if (!appended.ok()) co_return false;
    ++call->next_sequence;
    if (plan_.named && random_.chance(plan_.checkpoint_percent)) co_await checkpoint(sequence);
    if (random_.chance(20)) co_await sleep_for(std::chrono::milliseconds(random_.below(800)));
    // Find the batch after `sequence`: those up to the watermark are gone from the front.
    const auto next = std::find_if(waiting_.begin(), waiting_.end(), [&](const Batch& other) {
      return other.sequence == 0 || other.sequence > sequence;
    });
    i = static_cast<std::size_t>(next - waiting_.begin()) - 1;
  }
  co_return !call->over;
}

asio::awaitable<void> SimulatedClient::checkpoint(std::uint64_t sequence) {
  const auto daemon = daemon_();
  if (!daemon) co_return;
  txn::CheckpointRequest request;
  request.writer_id = plan_.name;
  request.last_sequence = sequence;
  const unsigned incarnation = incarnations_;
  const Deadline deadline = Clock::now() + 120s;
  const auto answer = co_await daemon->checkpoint(std::move(request), deadline);
  if (answer.ok() && incarnation == incarnations_) acknowledge(sequence);
}

asio::awaitable<void> SimulatedClient::listen(std::shared_ptr<Call> call) {
  const auto stream = call->stream;
  while (true) {
    auto event = co_await stream->next_event();
    if (const auto* ack = std::get_if<txn::Ack>(&event)) {
      acknowledge(ack->committed_sequence);
    } else if (auto* ended = std::get_if<txn::Ended>(&event)) {
      call->refusal = std::move(ended->refusal);
      call->over = true;
      ended_.notify();
      co_return;
    }
  }
}

void SimulatedClient::acknowledge(std::uint64_t committed) {
  while (!waiting_.empty() && waiting_.front().sequence != 0 &&
         waiting_.front().sequence <= committed) {
    for (const auto& row : waiting_.front().rows) ledger_.rows[row].acknowledged = true;
    waiting_.pop_front();
  }
}

void SimulatedClient::settle_rejection(const Refusal& refusal) {
  const std::string& ranges = refusal.metadata.at("rejectedSequences");
  const auto rejected = parse_ranges(ranges);
  const auto received_text = refusal.metadata.find("receivedSequence");
  std::uint64_t received = 0;
  if (received_text != refusal.metadata.end()) received = std::stoull(received_text->second);
  trace("{}: rejected {}, received {}", plan_.name, ranges, received);
  std::deque<Batch> left;
  for (Batch& batch : waiting_) {
    const bool named =
        std::find(rejected.begin(), rejected.end(), batch.sequence) != rejected.end();
    if (batch.sequence != 0 && named) {
      if (!batch.bad) {
        ledger_.violate(fmt::format("{}: batch {} is good and was rejected: {}", plan_.name,
                                    batch.sequence, refusal.message));
      }
      continue;  // given up
    }
    if (batch.sequence != 0 && batch.sequence <= received) {
      // "Every other batch up to receivedSequence is committed" is a promise like an Ack.
      for (const auto& row : batch.rows) ledger_.rows[row].acknowledged = true;
      continue;
    }
    left.push_back(std::move(batch));
  }
  waiting_ = std::move(left);
}

SliceList SimulatedClient::message(const Batch& batch) const {
  std::string data;
  for (const auto& row : batch.rows) data += row + "\n";
  test::WireWriter inner;
  if (plan_.named) inner.varint(1, batch.sequence);
  inner.text(3, batch.table);
  inner.varint(5, batch.rows.size());
  inner.varint(6, kCsv);
  inner.text(15, data);
  test::WireWriter outer;
  outer.text(2, inner.bytes());
  SliceList message;
  message.append(Slice::from_string(outer.bytes()));
  return message;
}

}  // namespace loadstar::simulation
