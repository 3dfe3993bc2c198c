#include "core/ingest/number_text.hpp"

#include "core/base/random.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace loadstar::ingest {
namespace {

std::string decimal(std::string_view text, int precision, int scale) {
  TextBuffer out(1);
  switch (append_decimal(out, text, precision, scale)) {
    case DecimalFit::kFits:
      return std::string(out.view());
    case DecimalFit::kSyntax:
      return "syntax";
    case DecimalFit::kScale:
      return "scale";
    case DecimalFit::kRange:
      return "range";
  }
  return "?";
}

std::string double_text(double value) {
  TextBuffer out(1);
  append_double(out, value);
  return std::string(out.view());
}

std::string integer_text(TypeKind kind, std::string_view text) {
  TextBuffer out(1);
  return append_integer_text(out, kind, text) ? std::string(out.view()) : "refused";
}

std::string big_endian(std::string_view bytes) {
  TextBuffer out(1);
  append_big_endian(out, bytes);
  return std::string(out.view());
}

TEST(DecimalTest, ValuesThatFitKeepTheirDigits) {
  EXPECT_EQ(decimal("1.50", 10, 2), "1.50");
  EXPECT_EQ(decimal("+1.5", 10, 2), "1.5");
  EXPECT_EQ(decimal("-0012.30", 10, 2), "-12.30");
  EXPECT_EQ(decimal("1.5000", 10, 2), "1.50");
  EXPECT_EQ(decimal(".5", 10, 2), "0.5");
  EXPECT_EQ(decimal("1.", 10, 2), "1");
  EXPECT_EQ(decimal("0", 1, 0), "0");
  EXPECT_EQ(decimal("-0.00", 5, 2), "0");
  EXPECT_EQ(decimal("000", 5, 2), "0");
  EXPECT_EQ(decimal("0.05", 2, 2), "0.05");
  EXPECT_EQ(decimal("99999999999999999999999999999999999999", 38, 0),
            "99999999999999999999999999999999999999");
  EXPECT_EQ(decimal("-0.99999999999999999999999999999999999999", 38, 38),
            "-0.99999999999999999999999999999999999999");
}

TEST(DecimalTest, ExponentsBecomePlainNotation) {
  EXPECT_EQ(decimal("1E3", 10, 2), "1000");
  EXPECT_EQ(decimal("1.25e1", 10, 2), "12.5");
  EXPECT_EQ(decimal("125e-2", 10, 2), "1.25");
  EXPECT_EQ(decimal("1e-20", 38, 20), "0.00000000000000000001");
  EXPECT_EQ(decimal("1e-20", 38, 19), "scale");
  EXPECT_EQ(decimal("0e400", 10, 2), "0");
  EXPECT_EQ(decimal("1e400", 10, 2), "range");
}

TEST(DecimalTest, WhatWouldChangeIsRefused) {
  EXPECT_EQ(decimal("1.005", 10, 2), "scale");
  EXPECT_EQ(decimal("123456789", 10, 2), "range");
  EXPECT_EQ(decimal("12345678.9", 10, 2), "12345678.9");
  EXPECT_EQ(decimal("1", 2, 2), "range");
  for (const char* text : {"", "-", ".", "abc", "1.2.3", "1e", "1e+", "1e1.5", "--1", " 1", "1 ",
                           "0x1", "NaN", "Infinity", "1,5", "1e99999999999", "1_0"}) {
    EXPECT_EQ(decimal(text, 10, 2), "syntax") << text;
  }
  EXPECT_EQ(decimal(std::string(300, '1'), 10, 2), "syntax");
  EXPECT_EQ(decimal("1.005", 0, 0), "1.005") << "precision not known";
  EXPECT_EQ(decimal(std::string(77, '1'), 0, 0), "range");
}

TEST(DoubleTest, TextReadsBackExactly) {
  Random random(7);
  for (int i = 0; i < 200'000; ++i) {
    double value = 0;
    switch (random.below(4)) {
      case 0:
        value = std::bit_cast<double>(random.below(~std::uint64_t{0}));
        break;
      case 1:
        value = static_cast<double>(random.below(2'000'000'000)) / 100 - 1e7;
        break;
      case 2:
        value = static_cast<double>(random.below(1'000'000)) / 1000;
        break;
      default:
        value = static_cast<double>(random.below(~std::uint64_t{0})) / 100;
        break;
    }
    if (!std::isfinite(value)) continue;
    const std::string text = double_text(value);
    const double back = std::strtod(text.c_str(), nullptr);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(value)) << text;
  }
}

TEST(DoubleTest, KnownTexts) {
  EXPECT_EQ(double_text(0), "0");
  EXPECT_EQ(double_text(-0.0), "-0.0");
  EXPECT_EQ(double_text(1), "1");
  EXPECT_EQ(double_text(-1.5), "-1.5");
  EXPECT_EQ(double_text(99.01), "99.01");
  EXPECT_EQ(double_text(-0.05), "-0.05");
  EXPECT_EQ(double_text(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(double_text(1e300), "1e+300");
  EXPECT_EQ(double_text(std::numeric_limits<double>::denorm_min()), "5e-324");
  EXPECT_EQ(double_text(9'007'199'254'740'993.0), "9007199254740992");
}

TEST(IntegerTest, TextMustBeInRange) {
  EXPECT_EQ(integer_text(TypeKind::kTinyint, "-128"), "-128");
  EXPECT_EQ(integer_text(TypeKind::kTinyint, "128"), "refused");
  EXPECT_EQ(integer_text(TypeKind::kBigint, "9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(integer_text(TypeKind::kBigint, "9223372036854775808"), "refused");
  EXPECT_EQ(integer_text(TypeKind::kLargeint, "-170141183460469231731687303715884105728"),
            "-170141183460469231731687303715884105728");
  EXPECT_EQ(integer_text(TypeKind::kLargeint, "170141183460469231731687303715884105728"),
            "refused");
  EXPECT_EQ(integer_text(TypeKind::kLargeint, "+0007"), "7");
  EXPECT_EQ(integer_text(TypeKind::kLargeint, "-0"), "0");
  EXPECT_EQ(integer_text(TypeKind::kLargeint, std::string(1000, '0') + "5"), "5");
  for (const char* text : {"", "-", "+", "1.0", "1e3", " 1", "1 ", "0x1", "--1", "\xD9\xA1"}) {
    EXPECT_EQ(integer_text(TypeKind::kLargeint, text), "refused") << text;
  }
}

TEST(IntegerTest, BigEndianBytes) {
  using std::string_literals::operator""s;
  EXPECT_EQ(big_endian("\x00"s), "0");
  EXPECT_EQ(big_endian("\x7f"s), "127");
  EXPECT_EQ(big_endian("\x80"s), "-128");
  EXPECT_EQ(big_endian("\xff"s), "-1");
  EXPECT_EQ(big_endian("\x01\x00"s), "256");
  EXPECT_EQ(big_endian("\xff\x00\x00"s), "-65536");
  EXPECT_EQ(big_endian("\x80"s + std::string(15, '\0')),
            "-170141183460469231731687303715884105728");
  EXPECT_EQ(big_endian("\x7f"s + std::string(15, '\xff')),
            "170141183460469231731687303715884105727");
}

}  // namespace
}  // namespace loadstar::ingest
