#include "core/txn/writer_turns.hpp"

#include "core/base/task_group.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;
using Kind = WriterTurns::Kind;

class WriterTurnsTest : public ::testing::Test {
 protected:
  void SetUp() override { test::reset_clock(); }

  bool take(const std::string& writer, Clock::duration time = 1s) {
    return test::run(io_, turns_.take(writer, Kind::kCommit, Clock::now() + time));
  }
  asio::awaitable<void> wait(Kind kind, std::optional<bool>& taken) {
    taken = co_await turns_.take("w", kind, kNever);
  }

  asio::io_context io_;
  WriterTurns turns_{io_.get_executor()};
};

TEST_F(WriterTurnsTest, OneAtATimeForEachWriter) {
  EXPECT_TRUE(take("w"));
  EXPECT_FALSE(take("w")) << "at the deadline";
  EXPECT_TRUE(take("other"));
  turns_.give_back("w");
  EXPECT_TRUE(take("w"));
}

TEST_F(WriterTurnsTest, WhoHasTheTurnSeesWhoWaits) {
  EXPECT_TRUE(take("w"));
  EXPECT_FALSE(turns_.is_wanted("w"));
  std::optional<bool> commit;
  std::optional<bool> roll_back;
  TaskGroup waiting(io_.get_executor());
  waiting.spawn(wait(Kind::kCommit, commit));
  test::pass_time(io_, 1s);
  EXPECT_TRUE(turns_.is_wanted("w"));
  EXPECT_FALSE(turns_.is_wanted_to_roll_back("w"));
  waiting.spawn(wait(Kind::kRollBack, roll_back));
  test::pass_time(io_, 1s);
  EXPECT_TRUE(turns_.is_wanted_to_roll_back("w"));
  EXPECT_FALSE(turns_.is_wanted("other"));
  turns_.give_back("w");
  test::pass_time(io_, 1s);
  EXPECT_NE(commit.has_value(), roll_back.has_value()) << "one of them has it";
  turns_.stop();
  test::run(io_, waiting.join());
  EXPECT_NE(*commit, *roll_back) << "the other gave up";
  turns_.give_back("w");
  EXPECT_FALSE(take("w")) << "and so does who comes";
}

}  // namespace
}  // namespace loadstar::txn
