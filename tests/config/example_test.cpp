#include "config/schema.hpp"
#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace loadstar::config {
namespace {

using testing::made_up;
using testing::read_file;
using testing::summary;
using testing::TemporaryDirectory;

const std::string kExample = LOADSTAR_SOURCE_DIR "/config/loadstar.example.yaml";
const std::string kMinimal = LOADSTAR_SOURCE_DIR "/config/loadstar.minimal.yaml";

class ExampleTest : public ::testing::Test {
 protected:
  ExampleTest() {
    const auto password = directory_.write("password", "secret\n");
    loaded_ = load_file(kExample, made_up({{"LOADSTAR_PASSWORD_FILE", password}}));
  }

  /// Whether the line that sets `key`, or one that a key above it is set in, is marked as an
  /// example.
  bool is_example(const std::string& key) const {
    std::string line;
    std::istringstream lines(read_file(kExample));
    for (unsigned number = 0; number < loaded_.origins.locate(key).line; ++number)
      std::getline(lines, line);
    return line.find("# example") != std::string::npos;
  }

  TemporaryDirectory directory_;
  Loaded loaded_;
};

TEST_F(ExampleTest, IsUsableWithoutAWarningButTheOneAboutMemory) {
  ASSERT_TRUE(loaded_.options) << render_problems(loaded_.problems);
  for (const Problem& problem : loaded_.problems)
    EXPECT_EQ(problem.key, "limits.memory") << problem.message;
  EXPECT_EQ(loaded_.options->core.starrocks.password().reveal(), "secret");
  EXPECT_EQ(loaded_.options->core.tables.size(), 4U);
}

TEST_F(ExampleTest, HasEveryKey) {
  for (const auto& option : daemon_options()) {
    if (option.about.kind == Kind::kSecret) continue;  // beside password_file it would be an error
    EXPECT_TRUE(loaded_.origins.is_set(option.about.key)) << option.about.key;
  }
  for (const auto& option : table_options()) {
    EXPECT_TRUE(loaded_.origins.is_set("defaults." + option.about.key)) << option.about.key;
  }
}

TEST_F(ExampleTest, HasTheDefaultsUnlessItSaysExample) {
  ASSERT_TRUE(loaded_.options);
  const Options defaults;
  for (const auto& option : daemon_options()) {
    const std::string& key = option.about.key;
    if (option.about.shape == Shape::kTables || key == "starrocks.load_urls") continue;
    if (!is_example(key)) {
      EXPECT_EQ(option.print(*loaded_.options), option.print(defaults)) << key;
    }
  }
  for (const auto& option : table_options()) {
    if (option.about.kind == Kind::kProperty) continue;  // its entries have marks of their own
    EXPECT_EQ(option.print(loaded_.options->core.defaults), option.print(TableOptions()))
        << option.about.key;
  }
  for (const auto& [name, value] : loaded_.options->core.defaults.properties) {
    const bool same =
        TableOptions().properties.contains(name) && TableOptions().properties.at(name) == value;
    EXPECT_TRUE(same || is_example("defaults.properties." + name)) << name;
  }
}

TEST(MinimalFileTest, IsUsable) {
  const Loaded loaded = load_file(kMinimal, made_up());
  EXPECT_TRUE(loaded.options) << render_problems(loaded.problems);
  EXPECT_EQ(summary(loaded),
            "4:1 warning starrocks.password_file: no password is set; the account must have an "
            "empty one\n");
}

}  // namespace
}  // namespace loadstar::config
