#include "core/ingest/lane.hpp"

#include "tests/core/ingest/support/wire_builder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::ingest {
namespace {

TEST(LaneTest, JoinedPayloads) {
  const SliceList a = wire::whole("1\n");
  const SliceList b = wire::whole("2\n");
  const SliceList none;
  EXPECT_EQ(join_payloads(PayloadKind::kCsv, {&a, &none, &b}).to_string(), "1\n2\n");
  EXPECT_EQ(join_payloads(PayloadKind::kNdjson, {&a, &b}).to_string(), "1\n2\n");
  EXPECT_EQ(join_payloads(PayloadKind::kJsonArray, {&none, &a, &b}).to_string(), "[1\n,2\n]");
  EXPECT_TRUE(join_payloads(PayloadKind::kJsonArray, {&none}).empty());
  EXPECT_TRUE(join_payloads(PayloadKind::kCsv, {}).empty());
  EXPECT_EQ(join_payloads(PayloadKind::kCsv, {&a}).slices()[0].view().data(),
            a.slices()[0].view().data());
}

}  // namespace
}  // namespace loadstar::ingest
