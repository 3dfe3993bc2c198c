#include "core/txn/attached_stream.hpp"

#include "core/base/run_on.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <utility>

namespace loadstar::txn {
namespace {

/// Runs `call` on the writer's strand: without a hop if the caller is there already.
template <class T>
asio::awaitable<T> on_strand_of(std::shared_ptr<WriterHandle> writer, asio::awaitable<T> call) {
  auto here = co_await asio::this_coro::executor;
  if (here == writer->strand()) {
    auto at_once = co_await std::move(call);
    co_return at_once;
  }
  auto answer = co_await run_on(writer->strand(), std::move(call));
  co_return answer;
}

}  // namespace

AttachedStream::AttachedStream(std::shared_ptr<WriterHandle> writer, std::uint64_t stream,
                               Opened opened)
    : writer_(std::move(writer)), stream_(stream), opened_(std::move(opened)) {}

AttachedStream::~AttachedStream() {
  auto call = [writer = writer_, stream = stream_] { writer->disconnect(stream); };
  asio::post(writer_->strand(), std::move(call));
}

asio::awaitable<Answer<Done>> AttachedStream::append(SliceList message) {
  return on_strand_of(writer_, writer_->append(stream_, std::move(message)));
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
  return on_strand_of(writer_, writer_->next_event(stream_));
}

}  // namespace loadstar::txn
