#include "core/ingest/usual_value.hpp"

#include "core/ingest/value_writer.hpp"
#include "tests/core/ingest/support/encoding.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace loadstar::ingest {
namespace {

/// A plan with one column of `type` ("int not null").
RowPlan plan_of(const std::string& type) {
  const TableSchema schema = schema_of(KeyModel::kDuplicate, {"v " + type});
  ColumnPlan column;
  column.name = "v";
  column.type = schema.columns.front().type;
  column.nullable = schema.columns.front().nullable;
  RowPlan plan;
  plan.columns.push_back(std::move(column));
  return plan;
}

/// What UsualValues writes; unset: it leaves the value to others.
/// `behind`: bytes that follow it.
std::optional<std::string> usual(const RowPlan& plan, std::string_view message,
                                 std::size_t behind = 0) {
  UsualValues values(plan);
  std::string room(message.size() + UsualValues::kRoom, '\xAA');
  const char* const end =
      values.put(0, message, message.data() + message.size() + behind, room.data());
  if (end == nullptr) return std::nullopt;
  return room.substr(0, static_cast<std::size_t>(end - room.data()));
}

/// What ValueWriter writes; unset: it refuses.
std::optional<std::string> any(const RowPlan& plan, const std::string& message) {
  TextBuffer out(64);
  ValueWriter writer(Target::kCsv, nullptr, out);
  if (writer.write(plan.columns.front(), message) != Fit::kOk) return std::nullopt;
  return std::string(out.view());
}

const std::vector<std::string>& types() {
  static const std::vector<std::string> types{"boolean",
                                              "tinyint",
                                              "smallint",
                                              "int",
                                              "bigint",
                                              "largeint not null",
                                              "float",
                                              "double",
                                              "char(3)",
                                              "varchar(40)",
                                              "varbinary",
                                              "decimal(9,2)",
                                              "date",
                                              "datetime",
                                              "json",
                                              "array<int>",
                                              "varchar(40) not null"};
  return types;
}

TEST(UsualValue, TextsAreThoseOfValueWriter) {
  EXPECT_EQ(usual(plan_of("bigint"), wire::int_value(-1'234'567'890'123)), "-1234567890123");
  EXPECT_EQ(usual(plan_of("int"), wire::null_value()), "\\N");
  EXPECT_EQ(usual(plan_of("varchar(9)"), wire::string_value("h\xC3\xA9llo")), "h\xC3\xA9llo");
  EXPECT_EQ(usual(plan_of("double"), wire::double_value(-12.5)), "-12.5");
  EXPECT_EQ(usual(plan_of("date"), wire::date_value(19'000)), "2022-01-08");
  EXPECT_EQ(usual(plan_of("datetime"), wire::datetime_value(1'500'000)),
            "1970-01-01 00:00:01.500000");
  EXPECT_EQ(usual(plan_of("boolean"), wire::bool_value(true)), "1");
}

TEST(UsualValue, WhatIsNotUsualIsLeftToValueWriter) {
  const auto left = [](const std::string& type, const std::string& message) {
    return !usual(plan_of(type), message).has_value();
  };
  EXPECT_TRUE(left("tinyint", wire::int_value(128)));
  EXPECT_TRUE(left("int not null", wire::null_value()));
  EXPECT_TRUE(left("varchar(3)", wire::string_value("four")));
  EXPECT_TRUE(left("varchar(9)", wire::string_value("\\N"))) << "CSV would read NULL";
  EXPECT_TRUE(left("varchar(9)", wire::string_value("a\x01"
                                                    "b")))
      << "a separator";
  EXPECT_TRUE(left("varchar(9)", wire::string_value("0123456\x02")));
  EXPECT_TRUE(left("varchar(9)", wire::string_value("\xC3")));
  EXPECT_TRUE(left("char(9)", wire::string_value(std::string_view("a\0b", 3))));
  EXPECT_TRUE(left("double", wire::double_value(std::numeric_limits<double>::infinity())));
  EXPECT_TRUE(left("date", wire::date_value(2'932'897)));
  EXPECT_TRUE(left("datetime", wire::datetime_value(std::numeric_limits<std::int64_t>::max())));
  EXPECT_TRUE(left("double", wire::int_value(1))) << "another kind";
  EXPECT_TRUE(left("datetime", wire::instant_value(0))) << "needs the zone";
  EXPECT_TRUE(left("int", "")) << "no member";
  EXPECT_TRUE(left("int", wire::int_value(1) + wire::int_value(2))) << "the last one counts";
  EXPECT_TRUE(left("int", wire::int_value(300).substr(0, 2))) << "cut short";
  EXPECT_TRUE(left("int", "\x18\x81\x80\x80\x80\x80\x80\x80\x80\x01")) << "nine bytes";
}

/// A value of any kind, near the edges more often than in between.
std::string random_value(std::mt19937_64& random) {
  const auto number = [&random]() -> std::int64_t {
    const std::int64_t bits = static_cast<std::int64_t>(random()) >> (random() % 64);
    constexpr std::array<std::int64_t, 8> kEdges{-128,
                                                 127,
                                                 -32768,
                                                 32767,
                                                 -2147483648,
                                                 2147483647,
                                                 std::numeric_limits<std::int64_t>::min(),
                                                 std::numeric_limits<std::int64_t>::max()};
    return random() % 4 == 0 ? kEdges.at(random() % kEdges.size()) : bits;
  };
  switch (random() % 9) {
    case 0:
      return wire::null_value();
    case 1:
      return wire::bool_value(random() % 2 == 0);
    case 2:
      return wire::int_value(number());
    case 3:
      return wire::double_value(random() % 2 == 0 ? static_cast<double>(number() % 100'000) / 100
                                                  : std::bit_cast<double>(random()));
    case 4:
      return wire::date_value(static_cast<std::int32_t>(number() % 3'000'000));
    case 5:
      return wire::datetime_value(number() % 300'000'000'000'000'000);
    case 6:
      return wire::bytes_value("bytes");
    default: {
      std::string text;
      const std::size_t size = random() % 48;
      for (std::size_t i = 0; i < size; ++i) {
        const bool any_byte = random() % 50 == 0;
        text += static_cast<char>(any_byte ? random() % 256 : 'a' + random() % 26);
        if (random() % 16 == 0) text += "\xC3\xA9";
      }
      return wire::string_value(text);
    }
  }
}

TEST(UsualValue, RandomValuesComeOutAsFromValueWriter) {
  std::mt19937_64 random(7);
  std::map<std::string, unsigned> written;
  for (int i = 0; i < 200'000; ++i) {
    const std::string& type = types().at(random() % types().size());
    const RowPlan plan = plan_of(type);
    std::string message = random_value(random);
    if (random() % 50 == 0) message[random() % message.size()] ^= static_cast<char>(random());
    const auto text = usual(plan, message);
    // Within a longer message, whose bytes may be read but do not count.
    const std::string longer = message + "\xFF\x01\x7F\x80\xFF\x01\x7F\x80";
    ASSERT_EQ(text, usual(plan, std::string_view(longer).substr(0, message.size()), 8));
    if (!text) continue;
    ++written[type];
    ASSERT_EQ(text, any(plan, message)) << type << ": " << ::testing::PrintToString(message);
  }
  for (const char* const type :
       {"boolean", "tinyint", "smallint", "int", "bigint", "double", "date", "datetime", "char(3)",
        "varchar(40)", "largeint not null"}) {
    EXPECT_GT(written[type], 100U) << type;
  }
}

}  // namespace
}  // namespace loadstar::ingest
