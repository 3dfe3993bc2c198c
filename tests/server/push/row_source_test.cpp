#include "server/push/row_source.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace loadstar::server {
namespace {

class RowSourceTest : public ::testing::Test {
 protected:
  RowSourceTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "loadstar-rows-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~RowSourceTest() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& content) const {
    const std::string path = directory_ / "rows.csv";
    std::ofstream(path) << content;
    return path;
  }

  std::filesystem::path directory_;
  std::atomic<bool> stopping_{false};
};

TEST_F(RowSourceTest, TheHeaderThenBatchesThenTheEnd) {
  FileInput input(file("id,name\n1,a\n2,b\n3,c\n"));
  RowChunker::Options options;
  options.header = true;
  RowSource rows(input, options);
  EXPECT_EQ(rows.read_header(stopping_), "id,name");
  EXPECT_EQ(rows.read_bytes(), 0U) << "nothing was given yet";
  const auto first = rows.next(8);
  ASSERT_TRUE(first.chunk);
  EXPECT_EQ(first.chunk->data, "1,a\n2,b\n");
  EXPECT_EQ(rows.read_bytes(), 16U);
  const auto second = rows.next(8);
  ASSERT_TRUE(second.chunk);
  EXPECT_EQ(second.chunk->data, "3,c\n");
  const auto end = rows.next(8);
  EXPECT_FALSE(end.chunk);
  EXPECT_TRUE(end.ended);
  EXPECT_FALSE(rows.error());
}

TEST_F(RowSourceTest, AHeaderIsNotWaitedForWhenStopping) {
  FileInput input(file("id,name\n"));
  RowChunker::Options options;
  options.header = true;
  RowSource rows(input, options);
  stopping_ = true;
  EXPECT_FALSE(rows.read_header(stopping_));
}

TEST_F(RowSourceTest, AHeaderMayBeAllThatThereIs) {
  FileInput input(file("id,name"));
  RowChunker::Options options;
  options.header = true;
  RowSource rows(input, options);
  EXPECT_EQ(rows.read_header(stopping_), "id,name");
  EXPECT_TRUE(rows.next(100).ended);
}

TEST_F(RowSourceTest, ARowThatDoesNotFitEndsTheRows) {
  FileInput input(file("1\n22222222\n3\n"));
  RowSource rows(input, {});
  const auto first = rows.next(4);
  ASSERT_TRUE(first.chunk);
  EXPECT_EQ(first.chunk->data, "1\n");
  EXPECT_TRUE(rows.next(4).ended);
  ASSERT_TRUE(rows.error());
  EXPECT_EQ(rows.error()->substr(0, 7), "line 2:");
}

}  // namespace
}  // namespace loadstar::server
