#include "core/txn/attached_stream.hpp"

#include "tests/support/run.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace loadstar::txn {
namespace {

/// Notes what it is asked.
class NotingWriter final : public WriterHandle {
 public:
  explicit NotingWriter(asio::any_io_executor strand) : WriterHandle(strand, 1, "w", "db") {}

  asio::awaitable<Answer<Done>> append(std::uint64_t stream, SliceList message) override {
    note("append", stream, std::to_string(message.size()));
    auto here = co_await asio::this_coro::executor;
    if (here == strand()) ++on_strand;
    co_return Done{};
  }
  void half_close(std::uint64_t stream) override { note("half_close", stream); }
  void disconnect(std::uint64_t stream) override { note("disconnect", stream); }
  asio::awaitable<StreamEvent> next_event(std::uint64_t stream) override {
    note("next_event", stream);
    auto here = co_await asio::this_coro::executor;
    if (here == strand()) ++on_strand;
    co_return Ended{};
  }
  void drain(std::chrono::milliseconds) override {}
  asio::awaitable<void> wait_gone(Deadline) override { co_return; }
  asio::awaitable<void> stop() override { co_return; }
  [[nodiscard]] WriterReport report() const override { return {}; }
  [[nodiscard]] std::uint64_t pending_batches() const override { return 0; }
  [[nodiscard]] std::uint64_t pending_rows() const override { return 0; }

  std::vector<std::string> calls;
  int on_strand = 0;  ///< calls of coroutines whose executor is the strand

 private:
  void note(const char* call, std::uint64_t stream, const std::string& more = "") {
    calls.push_back(std::string(call) + " " + std::to_string(stream) + more);
  }
};

TEST(AttachedStreamTest, EachCallGoesToTheWriterWithTheNumberOfTheStream) {
  boost::asio::io_context io;
  const auto writer = std::make_shared<NotingWriter>(io.get_executor());
  auto stream = std::make_unique<AttachedStream>(writer, 7, Opened{true, 3, std::nullopt, "ls-"});
  EXPECT_EQ(stream->opened().next_sequence, 3U);
  EXPECT_TRUE(test::run(io, stream->append({})).ok());
  test::run(io, stream->next_event());
  stream->half_close();
  stream.reset();
  EXPECT_EQ(writer->calls.size(), 2U) << "what does not wait is posted to the writer's strand";
  test::run_until_idle(io);
  const std::vector<std::string> expected{"append 70", "next_event 7", "half_close 7",
                                          "disconnect 7"};
  EXPECT_EQ(writer->calls, expected);
}

TEST(AttachedStreamTest, CallsFromElsewhereHopToTheWritersStrand) {
  boost::asio::io_context io;
  const auto strand = boost::asio::make_strand(io);
  const auto writer = std::make_shared<NotingWriter>(strand);
  AttachedStream stream(writer, 7, Opened{});
  EXPECT_EQ(stream.executor(), asio::any_io_executor(strand));
  EXPECT_TRUE(test::run(io, stream.append({})).ok());
  test::run(io, stream.next_event());
  EXPECT_EQ(writer->calls, (std::vector<std::string>{"append 70", "next_event 7"}));
  EXPECT_EQ(writer->on_strand, 2) << "none ran outside of it";
}

TEST(AttachedStreamTest, KeepsTheWriterUntilItHasSaidGoodbye) {
  boost::asio::io_context io;
  auto writer = std::make_shared<NotingWriter>(io.get_executor());
  const std::weak_ptr<NotingWriter> weak = writer;
  auto stream = std::make_unique<AttachedStream>(std::move(writer), 1, Opened{});
  stream.reset();
  EXPECT_FALSE(weak.expired());
  test::run_until_idle(io);
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace loadstar::txn
