#include "core/ingest/slice_reader.hpp"

#include "tests/core/ingest/support/wire_builder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::ingest {
namespace {

TEST(SliceReaderTest, VarintsOfEveryLengthAcrossSlices) {
  for (unsigned shift = 0; shift < 64; ++shift) {
    const std::uint64_t value = (std::uint64_t{1} << shift) | 1U;
    const std::string text = wire::varint(value);
    const SliceList bytewise = wire::pieces(text, 1);
    SliceReader reader(bytewise);
    std::uint64_t read = 0;
    ASSERT_TRUE(reader.varint(read) && reader.done());
    EXPECT_EQ(read, value);
    WireReader contiguous(text);
    ASSERT_TRUE(contiguous.varint(read) && contiguous.done());
    EXPECT_EQ(read, value);
    WireReader cut(std::string_view(text).substr(0, text.size() - 1));
    EXPECT_FALSE(cut.varint(read));
  }
  std::uint64_t read = 0;
  const std::string endless(11, '\x80');
  WireReader reader(endless);
  EXPECT_FALSE(reader.varint(read));
  const SliceList list = wire::whole(endless);
  SliceReader slices(list);
  EXPECT_FALSE(slices.varint(read));
}

TEST(SliceReaderTest, ZigzagIsUndone) {
  EXPECT_EQ(unzigzag64(0), 0);
  EXPECT_EQ(unzigzag64(1), -1);
  EXPECT_EQ(unzigzag64(2), 1);
  EXPECT_EQ(unzigzag64(~std::uint64_t{0}), INT64_MIN);
  EXPECT_EQ(unzigzag64(~std::uint64_t{1}), INT64_MAX);
  EXPECT_EQ(unzigzag32(0xFFFF'FFFFU), INT32_MIN);
  EXPECT_EQ(unzigzag32(0x1'0000'0001U), -1) << "the low half of a longer varint";
}

TEST(SliceReaderTest, NothingGoesBeyondANestedMessage) {
  const SliceList list = wire::pieces("abcdef", 2);
  SliceReader reader(list);
  const std::uint64_t outer = reader.enter(3);
  SliceList taken;
  EXPECT_FALSE(reader.take(4, taken));
  Slice one;
  EXPECT_FALSE(reader.take_contiguous(4, one));
  EXPECT_FALSE(reader.skip(WireType::kFixed32));
  ASSERT_TRUE(reader.take_contiguous(3, one));
  EXPECT_EQ(one.view(), "abc");
  EXPECT_TRUE(reader.done());
  reader.leave(outer);
  EXPECT_EQ(reader.left(), 3U);
  EXPECT_EQ(reader.position(), 3U);
  ASSERT_TRUE(reader.take(3, taken));
  EXPECT_EQ(taken.to_string(), "def");
  EXPECT_EQ(taken.slices().size(), 2U);
  ASSERT_TRUE(reader.take_contiguous(0, one));
  EXPECT_TRUE(one.empty());
}

}  // namespace
}  // namespace loadstar::ingest
