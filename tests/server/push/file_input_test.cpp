#include "server/push/file_input.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace loadstar::server {
namespace {

using std::chrono::milliseconds;
using Got = FileInput::Got;

class FileInputTest : public ::testing::Test {
 protected:
  FileInputTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "loadstar-input-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~FileInputTest() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
};

TEST_F(FileInputTest, AFileIsReadToItsEnd) {
  const std::string path = directory_ / "rows.csv";
  std::ofstream(path) << "a,b\n";
  FileInput input(path);
  ASSERT_TRUE(input.is_open());
  EXPECT_EQ(input.size(), 4U);
  std::string buffer;
  EXPECT_EQ(input.read(buffer, milliseconds(0)), Got::kBytes);
  EXPECT_EQ(buffer, "a,b\n");
  EXPECT_EQ(input.read(buffer, milliseconds(0)), Got::kEnd);
  EXPECT_EQ(input.error(), 0);
}

TEST_F(FileInputTest, WhatIsNoFileIsNotOpened) {
  EXPECT_EQ(FileInput(directory_ / "none").error(), ENOENT);
  const FileInput directory(directory_);
  EXPECT_FALSE(directory.is_open());
  EXPECT_EQ(directory.error(), EISDIR);
}

TEST_F(FileInputTest, ASilentPipeIsLeft) {
  const std::string path = directory_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int writer = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  FileInput input(path);
  ASSERT_TRUE(input.is_open());
  EXPECT_FALSE(input.size());
  std::string buffer;
  EXPECT_EQ(input.read(buffer, milliseconds(1)), Got::kNothingYet);
  ASSERT_EQ(::write(writer, "x", 1), 1);
  EXPECT_EQ(input.read(buffer, milliseconds(1)), Got::kBytes);
  EXPECT_EQ(buffer, "x");
  ::close(writer);
  EXPECT_EQ(input.read(buffer, milliseconds(1)), Got::kEnd);
}

}  // namespace
}  // namespace loadstar::server
