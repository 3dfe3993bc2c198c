#include "server/anonymous_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>

namespace loadstar::server {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::time_t modified(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mtime;
}

TEST(AnonymousFileTest, ItsPathHasTheTextAndAfterwardsTheNextOne) {
  std::string error;
  const auto file = AnonymousFile::create("one", error);
  ASSERT_TRUE(file) << error;
  const std::string path = file->path();
  EXPECT_EQ(read(path), "one");
  std::ifstream early(path);
  const std::time_t before = modified(path);
  EXPECT_NE(before, 0) << "gRPC takes 0 for a failure";
  ASSERT_TRUE(file->replace("twenty-two", error)) << error;
  EXPECT_EQ(file->path(), path);
  EXPECT_EQ(read(path), "twenty-two");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(early), {}), "one") << "opened before";
  EXPECT_NE(modified(path), before);
}

TEST(AnonymousFileTest, NoChildProcessInheritsIt) {
  std::string error;
  const auto file = AnonymousFile::create("secret", error);
  ASSERT_TRUE(file) << error;
  const int descriptor = std::stoi(file->path().substr(file->path().rfind('/') + 1));
  EXPECT_NE(::fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0);
  ASSERT_TRUE(file->replace("another", error)) << error;
  EXPECT_NE(::fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0);
}

TEST(AnonymousFileTest, ItGoesWithItsObject) {
  std::string error;
  auto file = AnonymousFile::create("text", error);
  ASSERT_TRUE(file) << error;
  const std::string path = file->path();
  file.reset();
  EXPECT_FALSE(std::ifstream(path).good());
}

TEST(AnonymousFileTest, WhoReadsMeanwhileHasOneWholeText) {
  const std::string a(100'000, 'a');
  const std::string b(50'000, 'b');
  std::string error;
  const auto file = AnonymousFile::create(a, error);
  ASSERT_TRUE(file) << error;
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::thread reader([&] {
    while (!done) {
      const std::string text = read(file->path());
      if (text != a && text != b) ++torn;
    }
  });
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(file->replace(i % 2 == 0 ? b : a, error)) << error;
  done = true;
  reader.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace loadstar::server
