#include "config/schema.hpp"

#include "config/interpolate.hpp"
#include "tests/config/support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace loadstar::config {
namespace {

using testing::made_up;

/// What is wrong if one option has one value in a file; empty if nothing is.
template <class Owner>
std::vector<std::string> store(const Option<Owner>& option, const std::string& value) {
  std::vector<Problem> problems;
  const Node document = parse_document("key: " + value + "\n", problems);
  EXPECT_TRUE(problems.empty()) << value;
  std::vector<std::string> messages;
  Owner owner;
  option.store(
      owner, document.entries.at(0).value,
      [&messages](const Node&, const std::string& message) { messages.push_back(message); });
  return messages;
}

/// One value just outside the range at each end that text can express, and the two ends.
struct Ends {
  std::vector<std::string> inside;
  std::vector<std::string> outside;
};

Ends ends_of(const Description& about) {
  const auto text = [&about](double number) -> std::string {
    const auto whole = static_cast<std::int64_t>(number);
    switch (about.kind) {
      case Kind::kDuration:
        return fmt::format("{}ms", whole);
      case Kind::kSize:
        return fmt::format("{}B", whole);
      case Kind::kPercent:
        return fmt::format("{}%", whole);
      case Kind::kDecimal:
        return fmt::format("{}", number);
      default:
        return fmt::format("{}", whole);
    }
  };
  Ends ends{{text(about.range->min), text(about.range->max)}, {}};
  // A duration that is kept in seconds cannot be one millisecond longer.
  const double step = about.kind == Kind::kDuration ? 1000 : 1;
  ends.outside.push_back(text(about.range->max + step));
  if (about.range->min >= step) ends.outside.push_back(text(about.range->min - step));
  return ends;
}

template <class Owner>
void expect_ends(const Option<Owner>& option) {
  const Description& about = option.about;
  if (!about.range) return;
  const Ends ends = ends_of(about);
  for (const auto& value : ends.inside) {
    EXPECT_TRUE(store(option, value).empty()) << about.key << ": " << value;
  }
  for (const auto& value : ends.outside) {
    const auto messages = store(option, value);
    ASSERT_EQ(messages.size(), 1U) << about.key << ": " << value;
    EXPECT_NE(messages[0].find("is out of range; it must be in " + format_range(about)),
              std::string::npos)
        << messages[0];
  }
}

template <class Owner>
void expect_wrong_types_refused(const Option<Owner>& option) {
  const Description& about = option.about;
  if (about.shape == Shape::kTables) return;
  if (about.shape == Shape::kScalar) {
    EXPECT_EQ(store(option, "[a]").size(), 1U) << about.key;
    EXPECT_EQ(store(option, "{a: b}").size(), 1U) << about.key;
    EXPECT_EQ(store(option, "~").size(), 1U) << about.key;
  } else {
    EXPECT_EQ(store(option, "text").size(), 1U) << about.key;
    EXPECT_EQ(store(option, about.shape == Shape::kList ? "{a: b}" : "[a]").size(), 1U)
        << about.key;
  }
  const std::set<Kind> free_text{Kind::kText, Kind::kSecret, Kind::kPath, Kind::kTimeZone};
  if (about.shape == Shape::kScalar && !free_text.contains(about.kind)) {
    EXPECT_EQ(store(option, "\"no such value\"").size(), 1U) << about.key;
    EXPECT_EQ(store(option, "\"\"").size(), 1U) << about.key;
  }
  const std::set<Kind> with_unit{Kind::kDuration, Kind::kSize, Kind::kPercent};
  if (with_unit.contains(about.kind)) {
    for (const char* bare : {"0", "1", "30", "1000"}) {
      EXPECT_EQ(store(option, bare).size(), 1U) << about.key << ": " << bare;
    }
  }
}

template <class Owner>
void expect_default_read_back(const Option<Owner>& option) {
  const Description& about = option.about;
  if (about.required || about.shape == Shape::kTables) return;
  EXPECT_EQ(option.check(Owner()), std::nullopt) << about.key;
  const std::string printed = option.print(Owner());
  EXPECT_FALSE(printed.empty()) << about.key;
  EXPECT_TRUE(store(option, printed).empty()) << about.key << ": " << printed;
}

TEST(SchemaTest, RangesHoldAtBothEndsAndNotBeyond) {
  for (const auto& option : daemon_options()) expect_ends(option);
  for (const auto& option : table_options()) expect_ends(option);
}

TEST(SchemaTest, ValuesOfAnotherTypeAreRefused) {
  for (const auto& option : daemon_options()) expect_wrong_types_refused(option);
  for (const auto& option : table_options()) expect_wrong_types_refused(option);
}

TEST(SchemaTest, PrintedDefaultsAreReadBack) {
  for (const auto& option : daemon_options()) expect_default_read_back(option);
  for (const auto& option : table_options()) expect_default_read_back(option);
}

TEST(SchemaTest, NumbersHaveARangeAndEveryOptionIsExplained) {
  const auto expect_complete = [](const Description& about) {
    const std::set<Kind> numbers{Kind::kInteger, Kind::kDecimal, Kind::kPercent, Kind::kSize,
                                 Kind::kDuration};
    EXPECT_EQ(about.range.has_value(), numbers.contains(about.kind)) << about.key;
    EXPECT_EQ(about.choices.empty(), about.kind != Kind::kChoice) << about.key;
    EXPECT_TRUE(about.help.ends_with('.')) << about.key;
    EXPECT_EQ(about.help.find('\n'), std::string::npos) << about.key;
    EXPECT_EQ(about.help.find('|'), std::string::npos) << about.key;
  };
  for (const auto& option : daemon_options()) expect_complete(option.about);
  for (const auto& option : table_options()) expect_complete(option.about);
}

TEST(SchemaTest, EveryKeyIsDescribedOnce) {
  std::set<std::string> keys;
  for (const auto& option : daemon_options()) {
    EXPECT_TRUE(keys.insert(option.about.key).second) << option.about.key;
  }
  for (const auto& option : table_options()) {
    EXPECT_TRUE(keys.insert("defaults." + option.about.key).second) << option.about.key;
  }
}

/// A value that each option takes, other than its default where there is another.
std::string example_of(const Description& about) {
  if (about.shape == Shape::kTables) return "{a.b: {}}";
  if (about.shape == Shape::kMap) {
    return about.kind == Kind::kProperty ? "{timezone: UTC}" : "{\"a:1\": \"b:2\"}";
  }
  std::string value;
  switch (about.kind) {
    case Kind::kBool:
      value = "true";
      break;
    case Kind::kInteger:
    case Kind::kDecimal:
    case Kind::kPercent:
    case Kind::kSize:
    case Kind::kDuration:
      value = ends_of(about).inside[1];
      break;
    case Kind::kChoice:
      value = "\"" + about.choices.back() + "\"";
      break;
    case Kind::kListenAddress:
      value = "127.0.0.1:1";
      break;
    case Kind::kLoadUrl:
      value = "http://a:1";
      break;
    case Kind::kAllowPattern:
      value = "\"a:1\"";
      break;
    default:
      value = "text";
      break;
  }
  return about.shape == Shape::kList ? "[" + value + "]" : value;
}

/// "a: {b: {c: value}}" for "a.b.c".
std::string nested(std::string key, const std::string& value) {
  std::string closing;
  for (std::size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 4)) {
    key.replace(dot, 1, ": {");
    closing += '}';
  }
  return fmt::format("{}: {}{}\n", key, value, closing);
}

TEST(SchemaTest, TheParserTakesEveryKeyOfTheTable) {
  const auto expect_known = [](const std::string& key, const std::string& document) {
    const Loaded loaded = load_text(document, "f", made_up());
    for (const Problem& problem : loaded.problems) {
      EXPECT_FALSE(problem.message.starts_with("unknown key")) << key << "\n" << document;
    }
    EXPECT_TRUE(loaded.origins.is_set(key)) << key << "\n" << document;
    EXPECT_FALSE(loaded.origins.is_broken(key)) << key << "\n" << render_problems(loaded.problems);
  };
  for (const auto& option : daemon_options()) {
    expect_known(option.about.key, nested(option.about.key, example_of(option.about)));
  }
  for (const auto& option : table_options()) {
    const std::string value = nested(option.about.key, example_of(option.about));
    expect_known("defaults." + option.about.key, "defaults: {" + value + "}\n");
    expect_known("tables.a.b." + option.about.key, "tables: {a.b: {" + value + "}}\n");
  }
}

/// Every key of the table, and every section, with one letter more: all must be unknown. Together
/// with the test above this is "the parser accepts exactly the table".
TEST(SchemaTest, TheParserTakesNoOtherKey) {
  const auto expect_unknown = [](const std::string& document, const std::string& key) {
    const Loaded loaded = load_text(document, "f", made_up());
    const bool told =
        std::any_of(loaded.problems.begin(), loaded.problems.end(), [&key](const Problem& problem) {
          return problem.key == key && problem.message.starts_with("unknown key");
        });
    EXPECT_TRUE(told) << document << render_problems(loaded.problems);
  };
  for (const auto& option : daemon_options()) {
    for (std::size_t dot = 0; dot != std::string::npos;) {
      dot = option.about.key.find('.', dot + 1);
      const std::string wrong = option.about.key.substr(0, dot) + "x";
      expect_unknown(nested(wrong, "1"), wrong);
    }
  }
  for (const auto& option : table_options()) {
    if (option.about.key.starts_with("properties.")) continue;  // any name below it is a property
    const std::string wrong = option.about.key + "x";
    expect_unknown("defaults: {" + nested(wrong, "1") + "}\n", "defaults." + wrong);
    expect_unknown("tables: {a.b: {" + nested(wrong, "1") + "}}\n", "tables.a.b." + wrong);
  }
}

TEST(SchemaTest, TextsSurviveYaml) {
  for (const std::string text :
       {"",  "plain", "a b",      "a: b", "- x", "true", "null", "010",      "1.5",
        "~", "#x",    "\"",       "\\",   "\t",  "\n",   "\x01", "${env:A}", "$${",
        "$", "pa$$",  "\xC3\xA4", "a:1",  "*x",  "&x",   "!x",   "{}",       "[",
        "'", "%",     "@",        "`",    "yes", "=",    "<<"}) {
    std::vector<Problem> problems;
    Node document = parse_document("key: " + yaml_text(text) + "\n", problems);
    interpolate(document, made_up({{"A", "wrong"}}), problems);
    EXPECT_TRUE(problems.empty()) << text;
    ASSERT_EQ(document.entries.size(), 1U) << text;
    EXPECT_EQ(document.entries[0].value.text, text);
    EXPECT_EQ(document.entries[0].value.kind, Node::Kind::kScalar) << text;
  }
}

}  // namespace
}  // namespace loadstar::config
