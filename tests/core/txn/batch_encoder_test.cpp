#include "core/txn/batch_encoder.hpp"

#include "tests/core/txn/directory_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

class BatchEncoderTest : public DirectoryFixture {
 protected:
  BatchEncoder& encoder(bool exactly_once = false) {
    if (!encoder_) {
      encoder_ =
          std::make_unique<BatchEncoder>(directory(), metrics_, changed_, "test", exactly_once);
    }
    return *encoder_;
  }

  Answer<BatchEncoder::Encoded> encode(const std::string& table, const std::string& data = "a\n") {
    ingest::Batch batch;
    batch.sequence = 1;
    batch.table = table;
    batch.row_count = 1;
    batch.format = ingest::Format::kCsv;
    batch.data.append(Slice::from_string(data));
    auto wanted = [this] { return wanted_; };
    auto body = [](BatchEncoder& encoder, ingest::Batch mine,
                   std::function<bool()> still) -> asio::awaitable<Answer<BatchEncoder::Encoded>> {
      auto answer = co_await encoder.encode(mine, std::move(still));
      co_return answer;
    };
    return test::run(io_, body(encoder(), std::move(batch), std::move(wanted)));
  }

  Signal changed_{io_.get_executor()};
  std::unique_ptr<BatchEncoder> encoder_;
  bool wanted_ = true;
};

TEST_F(BatchEncoderTest, EncodesAndKnowsTheTableFromThenOn) {
  const auto encoded = encode("t");
  ASSERT_TRUE(encoded.ok());
  EXPECT_EQ(encoded.value().batch.rows, 1U);
  EXPECT_NE(encoded.value().table->queue, nullptr);
  EXPECT_NE(encoded.value().table->metrics, nullptr);
  EXPECT_EQ(encoder().tables().count("t"), 1U);
}

TEST_F(BatchEncoderTest, AnExactlyOnceWriterHasNoQueue) {
  static_cast<void>(encoder(true));
  const auto encoded = encode("t");
  ASSERT_TRUE(encoded.ok());
  EXPECT_EQ(encoded.value().table->queue, nullptr);
}

TEST_F(BatchEncoderTest, TheDeliveryOfTheTableMustFitBothWays) {
  options_.tables["test.exact"].delivery = DeliveryOption::kExactlyOnce;
  options_.tables["test.least"].delivery = DeliveryOption::kAtLeastOnce;
  EXPECT_EQ(encode("exact").refusal().reason, Reason::kUnsupportedCombination);
  EXPECT_TRUE(encode("least").ok());
  encoder_.reset();
  static_cast<void>(encoder(true));
  EXPECT_TRUE(encode("exact").ok());
  const auto refused = encode("least");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.refusal().reason, Reason::kUnsupportedCombination);
  EXPECT_NE(refused.refusal().message.find("delivery: at_least_once"), std::string::npos);
}

TEST_F(BatchEncoderTest, ABatchThatDoesNotFitIsRefused) {
  EXPECT_EQ(encode("t", "no delimiter").refusal().reason, Reason::kBadPayload);
}

TEST_F(BatchEncoderTest, WaitsForStarrocksAsLongAsItIsWanted) {
  transport_.mood = [](const auto&, const auto&) { return Mood::kRefuse; };
  auto back = [](MoodyTransport& transport) -> asio::awaitable<void> {
    co_await sleep_for(20s);
    transport.mood = nullptr;
  };
  TaskGroup tasks(io_.get_executor());
  tasks.spawn(back(transport_));
  const auto before = Clock::now();
  EXPECT_TRUE(encode("t").ok());
  EXPECT_GE(Clock::now() - before, 19s);
  EXPECT_EQ(encoder().stall_reason(), "");
}

TEST_F(BatchEncoderTest, AnOldSchemaIsUsedWhileStarrocksIsAway) {
  ASSERT_TRUE(encode("t").ok());
  for (const Mood mood : {Mood::kRefuse, Mood::kHang}) {
    transport_.mood = [mood](const auto&, const auto&) { return mood; };
    test::pass_time(io_, 90s);
    const auto before = Clock::now();
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(encode("t").ok());
    EXPECT_LT(Clock::now() - before, 45s) << "one question at most, not one for each batch";
  }
  EXPECT_EQ(encoder().stall_reason(), "");
}

TEST_F(BatchEncoderTest, ATableThatIsGoneKeepsTheWayToItsQueue) {
  ASSERT_TRUE(encode("t").ok());
  transport_.answer = [](const http::Endpoint&,
                         const http::Request& request) -> std::optional<http::Response> {
    if (request.target.find("/schema") == std::string::npos) return std::nullopt;
    return reply_of(R"({"code":"5064","message":"Unknown table test.t","result":null})", 404);
  };
  test::pass_time(io_, 90s);
  EXPECT_EQ(encode("t").refusal().reason, Reason::kTableNotFound);
  EXPECT_EQ(encode("made_up").refusal().reason, Reason::kTableNotFound);
  ASSERT_EQ(encoder().tables().size(), 1U) << "and names that were never there are forgotten";
  EXPECT_NE(encoder().tables().at("t").queue, nullptr);
  transport_.answer = nullptr;
  EXPECT_TRUE(encode("t").ok()) << "it is there again";
}

TEST_F(BatchEncoderTest, AStreamThatIsOverDoesNotWait) {
  transport_.mood = [](const auto&, const auto&) { return Mood::kRefuse; };
  wanted_ = false;
  EXPECT_EQ(encode("t").refusal().reason, Reason::kStreamReplaced);
}

}  // namespace
}  // namespace loadstar::txn
