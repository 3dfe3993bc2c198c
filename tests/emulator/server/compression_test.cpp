#include "tests/emulator/server/cluster_fixture.hpp"

#include <gtest/gtest.h>
#include <zstd.h>

#include <string>

// Compressed bodies at the listeners: releases and transactions (starrocks-load-protocol.md 4.3,
// 12). The codecs themselves are tested with the engine.

namespace emulator::testing {
namespace {

std::string zstd(const std::string& text) {
  std::string frame(ZSTD_compressBound(text.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), text.data(), text.size(), 1));
  return frame;
}

const HeaderList kZstdJson = {{"format", "json"}, {"compression", "ZSTD"}};
const HeaderList kZstdCsv = {{"format", "zstd"}, {"column_separator", ","}};
constexpr const char* kRow = R"({"id":1,"name":"a","score":2})";

TEST(Compressed, JsonIsUnpackedFromTheReleaseOnThatHasTheHeader) {
  struct Case {
    const char* version;
    const char* expected;
  };
  for (const Case& test : {Case{"3.2.6", "Fail"}, Case{"3.2.7", "Success"},
                           Case{"3.3.0", "Success"}, Case{"3.1.20", "Fail"}}) {
    Options options = vector_options();
    options.version = test.version;
    TestCluster cluster(options);
    EXPECT_EQ(status_of(cluster.stream_load("x", zstd(kRow), kZstdJson)), test.expected)
        << test.version;
    EXPECT_EQ(status_of(cluster.stream_load("y", zstd("1,a,2\n"), kZstdCsv)), "Success")
        << "compressed CSV is older";
  }
}

TEST(Compressed, LoadBytesAreThoseThatCame) {
  TestCluster cluster(vector_options());
  const std::string body = zstd(kRow);
  EXPECT_EQ(json_of(cluster.stream_load("x", body, kZstdJson)).at("LoadBytes"), body.size());
}

TEST(Compressed, EachJsonLoadOfATransactionIsAFrameOfItsOwn) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("x", "");
  EXPECT_EQ(status_of(cluster.at_backend("load", "x", kZstdJson, zstd(kRow))), "OK");
  EXPECT_EQ(status_of(cluster.at_backend("load", "x", kZstdJson, zstd(kRow))), "OK");
  EXPECT_EQ(json_of(cluster.at_backend("prepare", "x")).at("NumberLoadedRows"), 2);
}

TEST(Compressed, CsvOfATransactionIsOneStream) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("x", "");
  const std::string first = zstd("1,a,2\n");
  EXPECT_EQ(status_of(cluster.at_backend("load", "x", kZstdCsv, first + zstd("2,b").substr(0, 5))),
            "OK");
  EXPECT_EQ(
      status_of(cluster.at_backend("load", "x", kZstdCsv, zstd("2,b").substr(5) + zstd(",3\n"))),
      "OK");
  EXPECT_EQ(json_of(cluster.at_backend("prepare", "x")).at("NumberLoadedRows"), 2);
}

}  // namespace
}  // namespace emulator::testing
