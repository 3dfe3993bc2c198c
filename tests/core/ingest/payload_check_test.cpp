#include "core/ingest/payload_check.hpp"

#include "tests/core/ingest/support/wire_builder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace loadstar::ingest {
namespace {

std::string checked(Format format, const std::string& text) {
  std::string first;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto result = check_payload(format, wire::cut(text, cut), {});
    const auto* good = std::get_if<CheckedPayload>(&result);
    const std::string shown =
        good == nullptr
            ? std::get<BadPayload>(result).description
            : std::to_string(good->rows) + "=" + good->payload.to_string() +
                  (good->first_op_row == 0 ? "" : " op " + std::to_string(good->first_op_row));
    if (cut == 0) first = shown;
    EXPECT_EQ(shown, first) << cut;
  }
  return first;
}

TEST(PayloadCheckTest, PayloadsComeOutAsTheyAreJoined) {
  EXPECT_EQ(checked(Format::kCsv, "a\tb\nc\td\n"), "2=a\tb\nc\td\n");
  EXPECT_EQ(checked(Format::kNdjson, "{\"a\":1}\n{}\n"), "2={\"a\":1}\n{}\n");
  EXPECT_EQ(checked(Format::kJsonArray, " [{\"a\":\"]\"}, {}] \n"), "2={\"a\":\"]\"}, {}");
  EXPECT_EQ(checked(Format::kJsonArray, "[]"), "0=");
}

TEST(PayloadCheckTest, TheFirstRowWithAnOpIsTold) {
  EXPECT_EQ(checked(Format::kNdjson, "{}\n{\"__op\":1}\n{\"__op\":1}\n"),
            "3={}\n{\"__op\":1}\n{\"__op\":1}\n op 2");
  EXPECT_EQ(checked(Format::kJsonArray, "[{\"a\":{},\"__\\u006Fp\":1}]"),
            "1={\"a\":{},\"__\\u006Fp\":1} op 1");
  EXPECT_EQ(checked(Format::kJsonArray, "[{\"a\":{\"__op\":1}}]"), "1={\"a\":{\"__op\":1}}");
}

TEST(PayloadCheckTest, InvalidUtf8IsRefusedInEveryFormat) {
  for (const char* bad :
       {"\xC3", "\xC3(", "\xA9", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xF8\x88\x80\x80\x80", "\xFF", "\xE2\x82", "\xF0\x9F\x98"}) {
    EXPECT_EQ(checked(Format::kCsv, std::string(bad) + "\n"), "is not valid UTF-8") << bad;
    EXPECT_EQ(checked(Format::kCsv, std::string("0123456789abcdef") + bad + "\n"),
              "is not valid UTF-8");
    EXPECT_EQ(checked(Format::kNdjson, "{\"a\":\"" + std::string(bad) + "\"}\n"),
              "is not valid UTF-8");
  }
  const std::string good = "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF\n";
  EXPECT_EQ(checked(Format::kCsv, good), "1=" + good);
}

}  // namespace
}  // namespace loadstar::ingest
