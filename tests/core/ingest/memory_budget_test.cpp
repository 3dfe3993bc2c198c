#include "core/ingest/memory_budget.hpp"

#include <gtest/gtest.h>

namespace loadstar::ingest {
namespace {

struct Writer {
  int woken = 0;
  std::shared_ptr<MemoryBudget::Account> account =
      std::make_shared<MemoryBudget::Account>([this] { ++woken; });
};

TEST(MemoryBudgetTest, AWriterThatHoldsNothingMayAlwaysReadOneMessage) {
  MemoryBudget budget(Bytes{100});
  Writer hog;
  Writer small;
  budget.charge(*hog.account, 1000);
  EXPECT_FALSE(budget.may_read(hog.account));
  EXPECT_TRUE(budget.may_read(small.account));
}

TEST(MemoryBudgetTest, EachWriterThatHoldsDataGetsAnEqualShare) {
  MemoryBudget budget(Bytes{100});
  Writer one;
  Writer two;
  budget.charge(*one.account, 60);
  EXPECT_TRUE(budget.may_read(one.account)) << "alone it may use all";
  budget.charge(*two.account, 10);
  EXPECT_FALSE(budget.may_read(one.account)) << "above half";
  EXPECT_TRUE(budget.over_share(*one.account));
  EXPECT_TRUE(budget.may_read(two.account));
  budget.charge(*two.account, 30);
  EXPECT_FALSE(budget.may_read(two.account)) << "below its share, but all is used";
  EXPECT_FALSE(budget.over_share(*two.account));
}

// The prototype of performance.md 4 hung because only the stream whose batch had finished was
// woken.
TEST(MemoryBudgetTest, EveryPausedWriterIsWokenByARelease) {
  MemoryBudget budget(Bytes{100});
  Writer one;
  Writer two;
  Writer three;
  budget.charge(*one.account, 50);
  budget.charge(*two.account, 40);
  budget.charge(*three.account, 30);
  EXPECT_FALSE(budget.may_read(one.account));
  EXPECT_FALSE(budget.may_read(two.account));
  EXPECT_FALSE(budget.may_read(two.account)) << "asking twice registers once";
  budget.release(*three.account, 30);
  EXPECT_EQ(one.woken, 1);
  EXPECT_EQ(two.woken, 1);
  EXPECT_EQ(three.woken, 0);
  budget.release(*one.account, 50);
  EXPECT_EQ(two.woken, 1) << "woken once per wait";
}

TEST(MemoryBudgetTest, AForgottenWriterIsNotWokenAndTheBudgetReturnsToZero) {
  MemoryBudget budget(Bytes{10});
  Writer one;
  budget.charge(*one.account, 20);
  EXPECT_FALSE(budget.may_read(one.account));
  budget.forget(one.account);
  budget.release(*one.account, 20);
  EXPECT_EQ(one.woken, 0);
  EXPECT_EQ(budget.used(), 0U);
  EXPECT_EQ(budget.held(*one.account), 0U);
}

}  // namespace
}  // namespace loadstar::ingest
