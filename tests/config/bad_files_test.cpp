#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace loadstar::config {
namespace {

using testing::made_up;
using testing::read_file;

const std::filesystem::path kDirectory = LOADSTAR_SOURCE_DIR "/tests/config/bad";

std::vector<std::filesystem::path> bad_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kDirectory)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class BadFileTest : public ::testing::TestWithParam<std::filesystem::path> {};

/// X.yaml is refused, or warned about, with exactly the text of X.expected.
TEST_P(BadFileTest, HasTheExpectedMessages) {
  const std::filesystem::path& file = GetParam();
  const Loaded loaded = load_text(read_file(file), file.filename().string(), made_up());
  std::filesystem::path expected = file;
  expected.replace_extension(".expected");
  EXPECT_EQ(render_problems(loaded.problems), read_file(expected));
  const bool warnings_only = file.filename().string().starts_with("warn_");
  EXPECT_EQ(loaded.options.has_value(), warnings_only);
}

INSTANTIATE_TEST_SUITE_P(Files, BadFileTest, ::testing::ValuesIn(bad_files()),
                         [](const auto& test) { return test.param.stem().string(); });

TEST(BadFilesTest, ThereAreSome) { EXPECT_GE(bad_files().size(), 20U); }

}  // namespace
}  // namespace loadstar::config
