#include "server/ingest_service.hpp"

#include "core/base/deadline.hpp"
#include "core/base/run_on.hpp"
#include "core/base/task_group.hpp"
#include "server/byte_buffer.hpp"
#include "server/convert.hpp"
#include "server/status_mapping.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace loadstar::server {
namespace {

// A stream that does not say Open for this long is closed (delivery-and-faults.md 5.2, T17).
constexpr std::chrono::seconds kOpenTimeout{10};
// No Open is longer: names, and a resume token of a few hundred labels.
constexpr std::uint64_t kMaxOpenBytes = 1U << 20U;

Refusal refuse(Reason reason, std::string message) {
  Refusal refusal;
  refusal.reason = reason;
  refusal.message = std::move(message);
  return refusal;
}

Refusal not_an_open(std::string message) {
  Refusal refusal = refuse(Reason::kBadRequest, std::move(message));
  refusal.violations.push_back({"open", "the first message must be an Open"});
  return refusal;
}

// The Open in the first message. A Batch is recognised by its tag and never parsed: as objects it
// would take many times its size.
Answer<txn::OpenRequest> read_open(const SliceList& message) {
  constexpr char kOpenTag = 0x0A;  // field 1, length-delimited
  if (message.empty() || message.slices().front().view().front() != kOpenTag) {
    return not_an_open("the first message of a stream must be an Open");
  }
  if (message.size() > kMaxOpenBytes) {
    return not_an_open(
        fmt::format("the Open has {} bytes; at most {} are read", message.size(), kMaxOpenBytes));
  }
  v1::WriteRequest request;
  const bool parsed = parse(message, request);
  if (!parsed || !request.has_open()) {
    return not_an_open("the first message of the stream cannot be parsed as an Open");
  }
  return to_open_request(request.open());
}

// Counts a stream for as long as it lives.
class StreamCount {
 public:
  StreamCount(std::atomic<std::uint64_t>& count, prometheus::Gauge& gauge)
      : count_(count), gauge_(gauge), before_(count.fetch_add(1)) {
    gauge_.Increment();
  }
  StreamCount(const StreamCount&) = delete;
  StreamCount& operator=(const StreamCount&) = delete;
  ~StreamCount() {
    gauge_.Decrement();
    count_.fetch_sub(1);
  }

  // How many there were before this one.
  [[nodiscard]] std::uint64_t before() const { return before_; }

 private:
  std::atomic<std::uint64_t>& count_;
  prometheus::Gauge& gauge_;
  std::uint64_t before_;
};

// Ends the call if the client is too slow with its Open; cancelled when it was not.
asio::awaitable<void> end_without_open(StreamCall& call) {
  const bool passed = co_await sleep_for(kOpenTimeout);
  if (!passed) co_return;
  call.finish(to_status(not_an_open(
      fmt::format("no Open came within {} s of the start of the stream", kOpenTimeout.count()))));
}

asio::awaitable<ReadEnd> read_first(StreamCall& call, SliceList& message) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT(google-build-using-namespace)
  // The read is not cancelled by the timer, but ended by the finish() that comes with it.
  auto winner = co_await (call.read(message) || end_without_open(call));
  co_return winner.index() == 0 ? std::get<0>(winner) : ReadEnd::kCancelled;
}

// Ends a stream that says nothing for limits.idle_stream_timeout; its writer is kept for its grace.
// One task for the whole stream: a timer for each message would cost more than the message.
asio::awaitable<void> end_idle(StreamCall& call, std::chrono::milliseconds timeout) {
  for (;;) {
    const Deadline end = call.waiting_since().value_or(Clock::now()) + timeout;
    const bool passed = co_await sleep_until(end);
    if (!passed) co_return;
    const auto since = call.waiting_since();
    if (since && Clock::now() - *since >= timeout) break;
  }
  Refusal refusal =
      refuse(Reason::kStarrocksUnavailable,
             fmt::format("no batch came for {} ms (limits.idle_stream_timeout); open the "
                         "writer again when there are rows",
                         timeout.count()));
  call.finish(to_status(refusal));
}

// What core has to say, in its order, up to the end of the stream. Ends the call.
asio::awaitable<void> send_events(StreamCall& call, std::shared_ptr<txn::WriteStream> stream,
                                  Metrics& metrics, Logger logger) {
  for (;;) {
    const txn::StreamEvent event = co_await stream->next_event();
    if (const auto* const ended = std::get_if<txn::Ended>(&event)) {
      if (ended->refusal) {
        // The text may quote rows; it goes to the client, the log gets the reason alone.
        metrics.error(entry_of(ended->refusal->reason).name);
        logger.warn("stream ended",
                    {{"reason", std::string(entry_of(ended->refusal->reason).name)}});
      } else {
        logger.info("stream ended", {{"reason", "OK"}});
      }
      call.finish(ended->refusal ? to_status(*ended->refusal) : grpc::Status::OK);
      co_return;
    }
    const auto* const ack = std::get_if<txn::Ack>(&event);
    const v1::WriteResponse response =
        ack != nullptr ? ack_response(*ack) : draining_response(std::get<txn::Draining>(event));
    grpc::ByteBuffer bytes = serialize(response);
    const bool sent = co_await call.write(std::move(bytes));
    // Nobody listens any more: go on to Ended, which the writer sends for this reason.
    if (!sent) stream->disconnect();
  }
}

// Messages into core until the client or core has enough.
asio::awaitable<void> append_messages(StreamCall& call, std::shared_ptr<txn::WriteStream> stream,
                                      Metrics& metrics) {
  for (;;) {
    SliceList message;
    const ReadEnd end = co_await call.read(message);
    if (end == ReadEnd::kHalfClosed) {
      stream->half_close();
      co_return;
    }
    if (end == ReadEnd::kCancelled) {
      stream->disconnect();
      co_return;
    }
    const Answer<Done> taken = co_await stream->append(std::move(message));
    if (!taken.ok()) {
      // The sender tells why.
      metrics.refused_batch(entry_of(taken.refusal().reason).name);
      co_return;
    }
  }
}

// Both directions of an open stream; runs on stream->executor(), where neither has to hop.
asio::awaitable<void> converse(StreamCall& call, std::shared_ptr<txn::WriteStream> stream,
                               std::chrono::milliseconds idle, Metrics& metrics, Logger logger) {
  auto executor = co_await asio::this_coro::executor;
  TaskGroup sender(executor);
  TaskGroup watch(executor);
  sender.spawn(send_events(call, stream, metrics, std::move(logger)));
  if (idle.count() > 0) watch.spawn(end_idle(call, idle));
  co_await append_messages(call, stream, metrics);
  watch.cancel();
  co_await watch.join();
  co_await sender.join();
}

}  // namespace

IngestService::IngestService(asio::any_io_executor executor, const CoreOptions& options,
                             const DaemonInfo& info, Writers& writers, Metrics& metrics,
                             Logger logger)
    : executor_(std::move(executor)),
      options_(options),
      info_(info),
      writers_(writers),
      metrics_(metrics),
      logger_(std::move(logger)) {}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* IngestService::Write(
    grpc::CallbackServerContext* context) {
  auto body = [this](StreamCall& call) { return serve(call); };
  return new StreamCall(executor_, *context, logger_, std::move(body));
}

asio::awaitable<void> IngestService::serve(StreamCall& call) {
  const StreamCount count(streams_, metrics_.ingest_streams);
  if (count.before() >= options_.limits.max_streams) {
    metrics_.error(entry_of(Reason::kOverloaded).name);
    call.finish(
        to_status(refuse(Reason::kOverloaded, fmt::format("{} streams are open, which is the limit "
                                                          "(listen.max_streams); try again later",
                                                          options_.limits.max_streams))));
    co_return;
  }

  SliceList message;
  const ReadEnd end = co_await read_first(call, message);
  if (end == ReadEnd::kHalfClosed) {
    call.finish(to_status(not_an_open("the stream was closed before its Open")));
    co_return;
  }
  if (end == ReadEnd::kCancelled) {
    call.finish(grpc::Status::CANCELLED);
    co_return;
  }
  Answer<txn::OpenRequest> request = read_open(message);
  if (!request.ok()) {
    metrics_.error(entry_of(request.refusal().reason).name);
    call.finish(to_status(request.refusal()));
    co_return;
  }
  const txn::Delivery delivery = request.value().delivery;
  const Logger logger =
      logger_.with("database", request.value().database).with("writer", request.value().writer_id);
  Answer<std::shared_ptr<txn::WriteStream>> opening =
      co_await writers_.open(std::move(request.value()));
  if (!opening.ok()) {
    metrics_.error(entry_of(opening.refusal().reason).name);
    logger.warn("open refused", {{"reason", std::string(entry_of(opening.refusal().reason).name)}});
    call.finish(to_status(opening.refusal()));
    co_return;
  }
  const std::shared_ptr<txn::WriteStream> stream = opening.value();
  logger.info(
      "stream opened",
      {{"delivery", delivery == txn::Delivery::kExactlyOnce ? "exactly_once" : "at_least_once"},
       {"attached", stream->opened().attached ? "true" : "false"}});
  call.on_cancel([stream] { stream->disconnect(); });

  grpc::ByteBuffer bytes =
      serialize(opened_response(stream->opened(), delivery, options_, info_.daemon_id));
  const bool sent = co_await call.write(std::move(bytes));
  if (!sent) stream->disconnect();

  auto conversation = converse(call, stream, options_.limits.idle_stream_timeout, metrics_, logger);
  co_await run_on(stream->executor(), std::move(conversation));
}

}  // namespace loadstar::server
