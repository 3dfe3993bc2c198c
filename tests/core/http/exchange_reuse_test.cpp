// A reply that overtakes the end of our own last write: the peer answers before the write has come
// round to us. Whether the connection is used again depends on it, the result does not.

#include "core/http/exchange.hpp"
#include "tests/core/http/exchange_fixture.hpp"

#include <boost/asio/compose.hpp>
#include <gtest/gtest.h>

#include <utility>

namespace loadstar::http::test {
namespace {

/// The peer has the bytes of a write at once; the end of the write is told `delay` later, or when
/// the stream is closed.
class LateStream : public Stream {
 public:
  LateStream(asio::io_context& io, Clock::duration delay) : Stream(io), told_(io), delay_(delay) {}

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    using boost::system::error_code;
    auto steps = [this, buffers, step = 0, sent = std::pair<error_code, std::size_t>()](
                     auto& self, error_code ec = {}, std::size_t bytes = 0) mutable {
      switch (step++) {
        case 0:
          Stream::async_write_some(buffers, std::move(self));
          return;
        case 1:
          sent = {ec, bytes};
          told_.expires_after(delay_);
          told_.async_wait(std::move(self));
          return;
        default:
          self.complete(sent.first, sent.second);
      }
    };
    return asio::async_compose<Token, void(error_code, std::size_t)>(std::move(steps), token,
                                                                     *this);
  }

  void close() {
    Stream::close();
    told_.cancel();
  }

 private:
  Timer told_;
  Clock::duration delay_;
};

struct Ended {
  ExchangeEnd end;
  Clock::duration after;
};

Ended exchange_over(asio::io_context& io, LateStream& stream, Deadline deadline) {
  Peer peer(io);
  stream.connect(peer.stream);
  TaskGroup tasks(io.get_executor());
  tasks.spawn(answer(peer, kReply));
  Request request = get_request();
  Exchange<LateStream> exchange(stream, kBackend, request, ExchangeLimits{});
  const auto start = Clock::now();
  std::optional<ExchangeEnd> end;
  Deadline ended_at = kNever;
  auto work = [&]() -> asio::awaitable<void> {
    auto result = co_await exchange.run(deadline);
    end.emplace(std::move(result));
    ended_at = Clock::now();
  };
  tasks.spawn(work());
  loadstar::test::run_until_idle(io);
  loadstar::test::pass_time(io, 500ms, 1ms);
  loadstar::test::run(io, tasks.join());
  return Ended{std::move(*end), ended_at - start};
}

TEST_F(ExchangeTest, AConnectionWhoseWriteEndsJustAfterTheReplyIsUsedAgain) {
  LateStream stream(io_, 5ms);
  const auto ended = exchange_over(io_, stream, Clock::now() + 10s);
  ASSERT_TRUE(ended.end.result.has_value()) << describe(ended.end.result.error());
  EXPECT_EQ(ended.end.result->body, "reply");
  EXPECT_TRUE(ended.end.reusable);
  EXPECT_EQ(ended.after, 5ms);
}

TEST_F(ExchangeTest, AReplyDoesNotWaitForAWriteThatHangs) {
  LateStream stream(io_, 10min);
  const auto ended = exchange_over(io_, stream, Clock::now() + 10s);
  ASSERT_TRUE(ended.end.result.has_value()) << describe(ended.end.result.error());
  EXPECT_EQ(ended.end.result->body, "reply");
  EXPECT_FALSE(ended.end.reusable);
  EXPECT_EQ(ended.after, 20ms);
}

TEST_F(ExchangeTest, TheDeadlineDoesNotTakeBackAReplyThatIsThere) {
  LateStream stream(io_, 10min);
  const auto ended = exchange_over(io_, stream, Clock::now() + 3ms);
  ASSERT_TRUE(ended.end.result.has_value()) << describe(ended.end.result.error());
  EXPECT_FALSE(ended.end.reusable);
  EXPECT_EQ(ended.after, 3ms);
}

}  // namespace
}  // namespace loadstar::http::test
