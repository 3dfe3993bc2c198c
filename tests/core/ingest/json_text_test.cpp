#include "core/ingest/json_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace loadstar::ingest {
namespace {

TEST(JsonTextTest, EveryByteIsEscapedAsNeeded) {
  std::string all;
  for (int round = 0; round < 3; ++round) {
    for (int c = 0; c < 0x80; ++c) {
      all += static_cast<char>(c);
      if (round == 1) all += "padding to move words";
    }
  }
  all += "\xC3\xA9\xF0\x9F\x98\x80";
  for (std::size_t begin = 0; begin < 40; ++begin) {
    TextBuffer out(1);
    const std::string text = all.substr(begin);
    append_json_string(out, text);
    EXPECT_EQ(nlohmann::json::parse(out.view()).get<std::string>(), text);
    for (const char c : out.view()) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  }
}

}  // namespace
}  // namespace loadstar::ingest
