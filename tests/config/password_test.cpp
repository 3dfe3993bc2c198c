#include "config/password.hpp"

#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

namespace loadstar::config {
namespace {

using testing::made_up;
using testing::summary;
using testing::TemporaryDirectory;

TEST(PasswordTest, OneLineEndIsTakenOff) {
  const TemporaryDirectory directory;
  EXPECT_EQ(read_password_file(directory.write("a", "se cret\n")).value().reveal(), "se cret");
  EXPECT_EQ(read_password_file(directory.write("b", "secret\r\n")).value().reveal(), "secret");
  EXPECT_EQ(read_password_file(directory.write("c", " $${env:A} ")).value().reveal(),
            " $${env:A} ");
}

TEST(PasswordTest, WhatIsNoPasswordIsRefusedWithoutQuotingIt) {
  const TemporaryDirectory directory;
  EXPECT_EQ(read_password_file(directory.write("a", "")).error(), "is empty");
  EXPECT_EQ(read_password_file(directory.write("b", "\n")).error(), "is empty");
  EXPECT_EQ(read_password_file("/nowhere/x").error(), "cannot be read: No such file or directory");
  for (const std::string content : {"canary\nmore", "canary\n\n", "\tcanary", "canary\x7F"}) {
    const auto parsed = read_password_file(directory.write("c", content));
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().find("canary"), std::string::npos);
  }
  EXPECT_FALSE(read_password_file(directory.write("d", std::string(5000, 'x'))).ok());
  EXPECT_FALSE(read_password_file(directory.path().string()).ok());
}

TEST(PasswordTest, AChangedFileIsReadAgain) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("password", "first");
  const auto password = make_password_provider(path);
  EXPECT_EQ(password().reveal(), "first");
  directory.write("password", "second one");  // another size
  EXPECT_EQ(password().reveal(), "second one");
  directory.write("password", "second two");  // the same size, another time
  std::filesystem::last_write_time(
      path, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(password().reveal(), "second two");
}

/// As Kubernetes updates a mounted secret: a link is swapped.
TEST(PasswordTest, AReplacedLinkIsReadAgain) {
  const TemporaryDirectory directory;
  directory.write("v1/password", "aaaa");
  directory.write("v2/password", "bbbb");
  const auto link = directory.path() / "data";
  std::filesystem::create_directory_symlink(directory.path() / "v1", link);
  const auto password = make_password_provider((link / "password").string());
  EXPECT_EQ(password().reveal(), "aaaa");
  std::filesystem::create_directory_symlink(directory.path() / "v2", directory.path() / "new");
  std::filesystem::rename(directory.path() / "new", link);
  EXPECT_EQ(password().reveal(), "bbbb");
}

TEST(PasswordTest, TheLastPasswordStaysWhileTheFileCannotBeUsed) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("password", "good");
  const auto password = make_password_provider(path);
  EXPECT_EQ(password().reveal(), "good");
  directory.write("password", "");
  EXPECT_EQ(password().reveal(), "good");
  std::filesystem::remove(path);
  EXPECT_EQ(password().reveal(), "good");
  directory.write("password", "better");
  EXPECT_EQ(password().reveal(), "better");
}

std::string file_with_password_file(const std::string& path) {
  return "version: 1\nunknown_tables: allow_with_defaults\n"
         "starrocks:\n  load_urls: [http://a:1]\n  user: u\n  password_file: " +
         path + "\n";
}

TEST(PasswordTest, AnUnreadableFileIsAProblemAtItsLine) {
  const Loaded loaded = load_text(file_with_password_file("/nowhere/x"), "f", made_up());
  EXPECT_FALSE(loaded.options);
  EXPECT_EQ(summary(loaded),
            "6:18 error starrocks.password_file: `/nowhere/x` cannot be read: No such file or "
            "directory\n");
}

TEST(PasswordTest, AFileThatOthersCanReadIsAWarning) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("password", "secret");
  EXPECT_EQ(summary(load_text(file_with_password_file(path), "f", made_up())), "");
  using std::filesystem::perms;
  std::filesystem::permissions(path, perms::owner_read | perms::others_read);
  const Loaded loaded = load_text(file_with_password_file(path), "f", made_up());
  EXPECT_TRUE(loaded.options);
  EXPECT_EQ(summary(loaded), "6:18 warning starrocks.password_file: `" + path +
                                 "` can be read by everyone on this system; chmod o-r\n");
}

}  // namespace
}  // namespace loadstar::config
