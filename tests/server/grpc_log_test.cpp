#include "server/grpc_log.hpp"

#include "tests/support/collecting_sink.hpp"

#include <gmock/gmock.h>
#include <grpc/support/log.h>

#include <atomic>
#include <thread>

namespace loadstar::server {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class GrpcLogTest : public ::testing::Test {
 protected:
  // As gRPC does itself when it begins; before, gpr_log() is silent.
  void SetUp() override { gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR); }

  std::shared_ptr<loadstar::test::CollectingSink> sink_ =
      std::make_shared<loadstar::test::CollectingSink>();
  Logger logger_{sink_, LogLevel::kDebug};
};

TEST_F(GrpcLogTest, AnErrorOfGrpcIsAWarningThatSaysWhoseItIs) {
  const GrpcLog log(logger_);
  gpr_log("/build/grpc/src/core/tsi/x.cc", 42, GPR_LOG_SEVERITY_ERROR, "Handshake %s", "failed");
  EXPECT_EQ(sink_->with("Handshake"),
            (std::vector<std::string>{"warn Handshake failed source=grpc at=x.cc:42"}));
}

TEST_F(GrpcLogTest, WhatIsNoErrorIsForTheCurious) {
  GrpcLog log(logger_);
  log.write(GrpcLog::Severity::kDebug, "x.cc", 1, "details");
  EXPECT_THAT(sink_->with("details").at(0), StartsWith("debug "));
}

TEST_F(GrpcLogTest, AFloodOfErrorsIsHeldBackButNotWhyGrpcEndsTheProcess) {
  GrpcLog log(logger_);
  for (int i = 0; i < 1000; ++i) log.write(GrpcLog::Severity::kError, "x.cc", 1, "again");
  EXPECT_GE(sink_->with("again").size(), 20U);
  EXPECT_LT(sink_->with("again").size(), 100U);
  log.write(GrpcLog::Severity::kError, "x.cc", 1, "assertion failed: false");
  ASSERT_EQ(sink_->with("assertion failed").size(), 1U);
  EXPECT_THAT(sink_->with("assertion failed")[0], StartsWith("error "));
}

TEST_F(GrpcLogTest, AfterItsEndNothingIsWrittenAnyMore) {
  {
    const GrpcLog log(logger_);
    gpr_log(GPR_ERROR, "within");
  }
  gpr_log(GPR_ERROR, "after");
  EXPECT_EQ(sink_->with("within").size(), 1U);
  EXPECT_TRUE(sink_->with("after").empty());
  const GrpcLog next(logger_);
  gpr_log(GPR_ERROR, "with the next");
  EXPECT_EQ(sink_->with("with the next").size(), 1U);
}

TEST_F(GrpcLogTest, ThreadsOfGrpcMayWriteWhileItEnds) {
  std::atomic<bool> done{false};
  std::thread writer([&done] {
    while (!done) gpr_log(GPR_ERROR, "line");
  });
  for (int i = 0; i < 200; ++i) const GrpcLog log(logger_);
  done = true;
  writer.join();
  for (const std::string& line : sink_->with("line")) EXPECT_THAT(line, HasSubstr("source=grpc"));
}

}  // namespace
}  // namespace loadstar::server
