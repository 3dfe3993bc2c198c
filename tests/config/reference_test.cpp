#include "config/reference.hpp"

#include "config/schema.hpp"
#include "core/base/load_property.hpp"
#include "tests/config/support.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace loadstar::config {
namespace {

using nlohmann::json;
using testing::read_file;

/// The option names of the rows of examples.md 5, of which flink_options.md is a copy.
std::set<std::string> documented_flink_options() {
  std::set<std::string> names;
  std::istringstream lines(read_file(LOADSTAR_SOURCE_DIR "/tests/config/flink_options.md"));
  const std::regex name("(^|[ ,])([a-z][a-z.-]*(\\.\\*)?)(?=[ ,]|$)");
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ") || line.starts_with("| Option")) continue;
    std::string cell = line.substr(2, line.find(" |", 2) - 2);
    cell.resize(std::min(cell.size(), cell.find(" (")));
    for (std::sregex_iterator at(cell.begin(), cell.end(), name), end; at != end; ++at) {
      names.insert((*at)[2]);
    }
  }
  return names;
}

TEST(ReferenceTest, NamesEveryDocumentedFlinkOption) {
  const auto names = documented_flink_options();
  ASSERT_EQ(names.size(), 18U);  // 15 rows, one of them with four names
  EXPECT_TRUE(names.contains("jdbc-url") && names.contains("password") &&
              names.contains("sink.properties.*"));
  const std::string reference = reference_markdown();
  const std::size_t from_flink = reference.find("## From the Flink connector");
  ASSERT_NE(from_flink, std::string::npos);
  for (const std::string& name : names) {
    // Beside our key in its own row, and in the list from theirs to ours.
    const std::size_t first = reference.find("`" + name + "`");
    ASSERT_LT(first, from_flink) << name;
    const std::size_t row = reference.rfind('\n', first);
    EXPECT_TRUE(reference.substr(row + 1, 3) == "| `") << name;
    EXPECT_NE(reference.find("\n| `" + name + "` | `", from_flink), std::string::npos) << name;
  }
}

// Transactions repeat by time (operations.md 5), whatever the number is.
TEST(ReferenceTest, SaysWhatMaxAttemptsCounts) {
  const std::string reference = reference_markdown();
  const std::size_t row = reference.find("| `retry.max_attempts`");
  ASSERT_NE(row, std::string::npos);
  const std::string line = reference.substr(row, reference.find('\n', row) - row);
  EXPECT_NE(line.find("`starrocks.request_timeout`"), std::string::npos) << line;
}

TEST(ReferenceTest, HasARowForEveryKeyAndEveryProperty) {
  const std::string reference = reference_markdown();
  const auto expect_row = [&reference](const std::string& key, const std::string& help) {
    const std::size_t row = reference.find("\n| `" + key + "`");
    ASSERT_NE(row, std::string::npos) << key;
    const std::string line = reference.substr(row + 1, reference.find('\n', row + 1) - row - 1);
    EXPECT_NE(line.find(help), std::string::npos) << key;
    EXPECT_EQ(
        std::count(line.begin(), line.end(), '|') - 2 * std::count(line.begin(), line.end(), '\\'),
        8 - std::count(line.begin(), line.end(), '\\'))
        << line;
  };
  for (const auto& option : daemon_options()) expect_row(option.about.key, option.about.help);
  for (const auto& option : table_options()) expect_row(option.about.key, option.about.help);
  for (const LoadProperty& property : load_properties()) {
    EXPECT_NE(reference.find("\n| `" + std::string(property.name) + "` | "), std::string::npos);
  }
}

TEST(ReferenceTest, PrintsTheDefaultsOfTheOptionStructs) {
  const std::string reference = reference_markdown();
  EXPECT_NE(reference.find("| `flush.max_bytes` | size | `90MiB` | 1KiB..10GiB |"),
            std::string::npos);
  EXPECT_NE(reference.find("| `starrocks.connect_timeout` | duration | `1s` | 100ms..1m |"),
            std::string::npos);
  EXPECT_NE(reference.find("| `delivery` | any \\| at_least_once \\| exactly_once | `any` |"),
            std::string::npos);
  EXPECT_NE(reference.find("| `limits.memory` | size or auto | `auto` |"), std::string::npos);
}

/// Paths of all properties of an object schema.
void collect_keys(const json& schema, const std::string& path, std::set<std::string>& keys) {
  if (!schema.contains("properties")) return;
  for (const auto& [name, child] : schema["properties"].items()) {
    const std::string key = join_key(path, name);
    keys.insert(key);
    collect_keys(child, key, keys);
  }
}

/// The keys of options with all sections above them.
template <class Owner>
std::set<std::string> expected_keys(const std::vector<Option<Owner>>& options) {
  std::set<std::string> keys;
  for (const auto& option : options) {
    const std::string& key = option.about.key;
    for (std::size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) {
      keys.insert(key.substr(0, dot));
    }
    keys.insert(key);
    if (option.about.kind != Kind::kProperty) continue;
    for (const LoadProperty& property : load_properties())
      keys.insert(join_key(key, property.name));
  }
  return keys;
}

TEST(JsonSchemaTest, HasExactlyTheKeysOfTheTable) {
  const json schema = json::parse(json_schema());
  std::set<std::string> keys;
  collect_keys(schema, {}, keys);
  auto expected = expected_keys(daemon_options());
  expected.insert("defaults");
  EXPECT_EQ(keys, expected);

  keys.clear();
  collect_keys(schema["definitions"]["table"], {}, keys);
  EXPECT_EQ(keys, expected_keys(table_options()));
}

TEST(JsonSchemaTest, IsClosedAndTyped) {
  const json schema = json::parse(json_schema());
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"], (json::array({"version", "starrocks"})));
  const json& starrocks = schema["properties"]["starrocks"];
  EXPECT_EQ(starrocks["additionalProperties"], false);
  EXPECT_EQ(starrocks["required"], (json::array({"load_urls", "user"})));
  const json& loads = starrocks["properties"]["max_loads"];
  EXPECT_EQ(loads["default"], 8);
  EXPECT_EQ(loads["anyOf"][0]["maximum"], 256);
  EXPECT_EQ(schema["definitions"]["table"]["properties"]["ignore_update_before"]["default"], true);
  EXPECT_EQ(schema["properties"]["limits"]["properties"]["memory"]["anyOf"][2]["const"], "auto");
}

}  // namespace
}  // namespace loadstar::config
