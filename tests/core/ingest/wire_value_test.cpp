#include "core/ingest/wire_value.hpp"

#include "tests/core/ingest/support/wire_builder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace loadstar::ingest {
namespace {

WireValue read(const std::string& message) {
  WireValue value;
  EXPECT_TRUE(read_value(message, value));
  return value;
}

TEST(WireValueTest, EveryMember) {
  EXPECT_EQ(read(wire::null_value()).kind, ValueKind::kNull);
  EXPECT_EQ(read(wire::bool_value(true)).integer, 1);
  EXPECT_EQ(read(wire::number(2, 77)).integer, 1) << "any other number is true";
  EXPECT_EQ(read(wire::int_value(INT64_MIN)).integer, INT64_MIN);
  EXPECT_EQ(read(wire::double_value(-2.5)).number, -2.5);
  EXPECT_EQ(read(wire::string_value("s")).bytes, "s");
  EXPECT_EQ(read(wire::bytes_value("b")).kind, ValueKind::kBytes);
  EXPECT_EQ(read(wire::date_value(-3)).integer, -3);
  EXPECT_EQ(read(wire::datetime_value(9)).kind, ValueKind::kDatetime);
  EXPECT_EQ(read(wire::instant_value(-9)).integer, -9);
  EXPECT_EQ(read(wire::list_value({})).kind, ValueKind::kList);
  EXPECT_EQ(read(wire::map_value({}, {})).kind, ValueKind::kMap);
  EXPECT_EQ(read(wire::struct_value({}, {})).kind, ValueKind::kStruct);
  EXPECT_EQ(read("").kind, ValueKind::kNone);
  EXPECT_EQ(read(wire::number(13, 1)).kind, ValueKind::kNone);
}

TEST(WireValueTest, EveryTruncationIsDamage) {
  for (const std::string& message :
       {wire::int_value(300), wire::double_value(1), wire::string_value("abc"),
        wire::number(200, 1), wire::bytes(200, "x"), wire::fixed64(200, 1)}) {
    WireValue value;
    for (std::size_t size = 1; size < message.size(); ++size) {
      EXPECT_FALSE(read_value(message.substr(0, size), value)) << size;
    }
  }
}

TEST(WireValueTest, EntriesKeepTheirOrderInWhateverOrderTheyCome) {
  WireEntries entries;
  const std::string message =  // outlives the views
      wire::bytes(2, "v1") + wire::bytes(1, "k1") + wire::number(7, 1) + wire::bytes(1, "k2");
  ASSERT_TRUE(read_entries(message, entries));
  EXPECT_EQ(entries.names, (std::vector<std::string_view>{"k1", "k2"}));
  EXPECT_EQ(entries.values, (std::vector<std::string_view>{"v1"}));
  std::vector<std::string_view> elements;
  const std::string list = wire::bytes(1, "a") + wire::bytes(1, "");
  ASSERT_TRUE(read_elements(list, elements));
  EXPECT_EQ(elements, (std::vector<std::string_view>{"a", ""}));
  EXPECT_FALSE(read_elements("\x0a\x02x", elements));
}

TEST(WireValueTest, NamesForMessages) {
  for (unsigned field = 1; field <= 12; ++field) {
    EXPECT_TRUE(to_string(static_cast<ValueKind>(field)).ends_with("_value")) << field;
  }
  EXPECT_EQ(to_string(ValueKind::kNone), "no member");
}

}  // namespace
}  // namespace loadstar::ingest
