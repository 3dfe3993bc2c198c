#include "core/ingest/base64.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::ingest {
namespace {

std::string base64(std::string_view bytes) {
  TextBuffer out(1);
  append_base64(out, bytes);
  return std::string(out.view());
}

TEST(Base64Test, VectorsOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64(std::string("\xfb\xff\x00", 3)), "+/8A");
}

}  // namespace
}  // namespace loadstar::ingest
