#include "core/txn/attached_stream.hpp"

#include "core/base/run_on.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <utility>

namespace loadstar::txn {

AttachedStream::AttachedStream(std::shared_ptr<WriterHandle> writer, std::uint64_t stream,
                               Opened opened)
    : writer_(std::move(writer)), stream_(stream), opened_(std::move(opened)) {}

AttachedStream::~AttachedStream() {
  auto call = [writer = writer_, stream = stream_] { writer->disconnect(stream); };
  asio::post(writer_->strand(), std::move(call));
}

asio::awaitable<Answer<Done>> AttachedStream::append(SliceList message) {
  const auto writer = writer_;
  auto here = co_await asio::this_coro::executor;
  auto call = writer->append(stream_, std::move(message));
  if (here == writer->strand()) {
    auto at_once = co_await std::move(call);
    co_return at_once;
  }
  auto answer = co_await run_on(writer->strand(), std::move(call));
  co_return answer;
}

void AttachedStream::half_close() {
  auto call = [writer = writer_, stream = stream_] { writer->half_close(stream); };
  asio::post(writer_->strand(), std::move(call));
}

void AttachedStream::disconnect() {
  auto call = [writer = writer_, stream = stream_] { writer->disconnect(stream); };
  asio::post(writer_->strand(), std::move(call));
}

asio::awaitable<StreamEvent> AttachedStream::next_event() {
  const auto writer = writer_;
  auto here = co_await asio::this_coro::executor;
  auto call = writer->next_event(stream_);
  if (here == writer->strand()) {
    auto at_once = co_await std::move(call);
    co_return at_once;
  }
  auto event = co_await run_on(writer->strand(), std::move(call));
  co_return event;
}

}  // namespace loadstar::txn
