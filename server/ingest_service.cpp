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

// No Open is longer: names, and a resume token of a few hundred labels.
constexpr std::uint64_t kMaxOpenBytes = 1U << 20U;

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

// Ends the call if the client is too slow with its Open; cancelled when it was not. A client that
// was held up has asked for nothing wrong and nothing is decided, so it may come again
// (UNAVAILABLE, ingest-api.md 3.6): INVALID_ARGUMENT would end it for good.
asio::awaitable<void> end_without_open(StreamCall& call, std::chrono::milliseconds timeout) {
  const bool passed = co_await sleep_for(timeout);
  if (!passed) co_return;
  Refusal refusal =
      refuse(Reason::kStarrocksUnavailable,
             fmt::format(
                 "no Open came within {} ms of the start of the stream; start another one and send "
                 "Open at once",
                 timeout.count()));
  call.finish(to_status(refusal));
}

asio::awaitable<ReadEnd> read_first(StreamCall& call, SliceList& message,
                                    std::chrono::milliseconds timeout) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT(google-build-using-namespace)
  // The read is not cancelled by the timer, but ended by the finish() that comes with it.
  auto winner = co_await (call.read(message) || end_without_open(call, timeout));
  co_return winner.index() == 0 ? std::get<0>(winner) : ReadEnd::kCancelled;
}

// Cancels a call whose client takes not even Opened in.
asio::awaitable<void> end_unread(StreamCall& call, std::chrono::milliseconds timeout) {
  const bool passed = co_await sleep_for(timeout);
  if (passed) call.finish(grpc::Status::CANCELLED);
}

asio::awaitable<bool> write_opened(StreamCall& call, grpc::ByteBuffer bytes,
                                   std::chrono::milliseconds timeout) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT(google-build-using-namespace)
  auto winner = co_await (call.write(bytes) || end_unread(call, timeout));
  co_return winner.index() == 0 && std::get<0>(winner);
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

// One line of those that clients can cause as often as they like.
void write_bounded(const Logger& logger, LogLimit& limit, LogLevel level, std::string_view message,
                   LogFields fields) {
  const auto suppressed = limit.pass();
  if (!suppressed) return;
  if (*suppressed > 0) fields.emplace_back("suppressed", fmt::to_string(*suppressed));
  level == LogLevel::kWarn ? logger.warn(message, fields) : logger.info(message, fields);
}

// What core has to say, in its order, up to the end of the stream. Ends the call.
asio::awaitable<void> send_events(StreamCall& call, std::shared_ptr<txn::WriteStream> stream,
                                  Metrics& metrics, Logger logger, LogLimit& lines) {
  for (;;) {
    const txn::StreamEvent event = co_await stream->next_event();
    if (const auto* const ended = std::get_if<txn::Ended>(&event)) {
      if (ended->refusal) {
        // The text may quote rows; it goes to the client, the log gets the reason alone.
        metrics.error(entry_of(ended->refusal->reason).name);
        LogFields why{{"reason", std::string(entry_of(ended->refusal->reason).name)}};
        write_bounded(logger, lines, LogLevel::kWarn, "stream ended", std::move(why));
      } else {
        LogFields why{{"reason", "OK"}};
        write_bounded(logger, lines, LogLevel::kInfo, "stream ended", std::move(why));
      }
      call.finish(ended->refusal ? to_status(*ended->refusal) : grpc::Status::OK);
      co_return;
    }
    const auto* const ack = std::get_if<txn::Ack>(&event);
    const v1::WriteResponse response =
        ack != nullptr ? ack_response(*ack) : draining_response(std::get<txn::Draining>(event));
    grpc::ByteBuffer bytes = serialize(response);
    const bool sent = co_await call.write(bytes);
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
                               std::chrono::milliseconds idle, Metrics& metrics, Logger logger,
                               LogLimit& lines) {
  auto executor = co_await asio::this_coro::executor;
  TaskGroup sender(executor);
  TaskGroup watch(executor);
  sender.spawn(send_events(call, stream, metrics, std::move(logger), lines));
  if (idle.count() > 0) watch.spawn(end_idle(call, idle));
  co_await append_messages(call, stream, metrics);
  watch.cancel();
  co_await watch.join();
  co_await sender.join();
}

}  // namespace

IngestService::IngestService(asio::any_io_executor executor, const CoreOptions& options,
                             const DaemonInfo& info, Writers& writers, Metrics& metrics,
                             Logger logger, std::chrono::milliseconds open_timeout)
    : executor_(std::move(executor)),
      options_(options),
      info_(info),
      writers_(writers),
      metrics_(metrics),
      logger_(std::move(logger)),
      open_timeout_(open_timeout) {}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* IngestService::Write(
    grpc::CallbackServerContext* context) {
  auto body = [this](StreamCall& call) { return serve(call); };
  return new StreamCall(executor_, *context, read_ahead_, logger_, std::move(body));
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
  const ReadEnd end = co_await read_first(call, message, open_timeout_);
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
  const std::uint64_t epoch = request.value().epoch;
  const Logger logger =
      logger_.with("database", request.value().database).with("writer", request.value().writer_id);
  Answer<std::shared_ptr<txn::WriteStream>> opening =
      co_await writers_.open(std::move(request.value()));
  if (!opening.ok()) {
    metrics_.error(entry_of(opening.refusal().reason).name);
    LogFields why{{"epoch", fmt::to_string(epoch)},
                  {"reason", std::string(entry_of(opening.refusal().reason).name)}};
    write_bounded(logger, refused_lines_, LogLevel::kWarn, "open refused", std::move(why));
    call.finish(to_status(opening.refusal()));
    co_return;
  }
  const std::shared_ptr<txn::WriteStream> stream = opening.value();
  const bool exactly_once = delivery == txn::Delivery::kExactlyOnce;
  LogFields how{{"delivery", exactly_once ? "exactly_once" : "at_least_once"},
                {"epoch", fmt::to_string(epoch)},
                {"attached", stream->opened().attached ? "true" : "false"},
                {"next_sequence", fmt::to_string(stream->opened().next_sequence)}};
  write_bounded(logger, opened_lines_, LogLevel::kInfo, "stream opened", std::move(how));
  call.on_cancel([stream] { stream->disconnect(); });

  grpc::ByteBuffer bytes =
      serialize(opened_response(stream->opened(), delivery, options_, info_.daemon_id));
  const bool sent = co_await write_opened(call, bytes, open_timeout_);
  if (!sent) stream->disconnect();

  auto conversation =
      converse(call, stream, options_.limits.idle_stream_timeout, metrics_, logger, ended_lines_);
  co_await run_on(stream->executor(), std::move(conversation));
}

}  // namespace loadstar::server
