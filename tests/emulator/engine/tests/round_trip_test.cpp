// Property: random rows, written as plain CSV, as enclosed CSV and as JSON, are read back equal.
#include "tests/emulator/engine/json.hpp"
#include "tests/emulator/engine/tests/fixture.hpp"
#include "tests/emulator/engine/text.hpp"

#include <random>

namespace emulator::test {
namespace {

/// A value in the forms in which it can be written, and as it must be read.
struct Written {
  Cell text;         ///< canonical: CSV text and expected result
  std::string json;  ///< JSON value
};

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::int64_t below(std::int64_t limit) {
    return std::uniform_int_distribution<std::int64_t>(0, limit - 1)(random_);
  }

  /// Awkward text: separators, quotes, escapes, NULL marks, characters of several bytes.
  std::string text(const std::vector<std::string>& pieces) {
    std::string out;
    const std::int64_t count = below(8);
    for (std::int64_t i = 0; i < count; ++i)
      out += pieces[static_cast<std::size_t>(below(static_cast<std::int64_t>(pieces.size())))];
    return out;
  }

  Written number(std::int64_t limit) {
    const std::int64_t value = below(2 * limit - 1) - (limit - 1);
    return {std::to_string(value), std::to_string(value)};
  }

  Written decimal() {
    const std::int64_t units = below(2000000) - 1000000;
    const std::int64_t size = units < 0 ? -units : units;
    std::string fraction = std::to_string(size % 1000);
    fraction.insert(0, 3 - fraction.size(), '0');
    const std::string digits =
        (units < 0 ? "-" : "") + std::to_string(size / 1000) + "." + fraction;
    return {digits, below(2) == 0 ? digits : json_quoted(digits)};
  }

  Written time() {
    const auto two = [&](std::int64_t from, std::int64_t count) {
      const std::string digits = std::to_string(from + below(count));
      return digits.size() == 1 ? "0" + digits : digits;
    };
    std::string text = std::to_string(1970 + below(100)) + "-" + two(1, 12) + "-" + two(1, 28) +
                       " " + two(0, 24) + ":" + two(0, 60) + ":" + two(0, 60);
    if (below(2) == 0) text += "." + std::to_string(100000 + below(900000));
    return {text, json_quoted(text)};
  }

  Written array() {
    std::string out = "[";
    const std::int64_t count = below(4);
    for (std::int64_t i = 0; i < count; ++i)
      out +=
          (i == 0 ? "" : ",") + (below(4) == 0 ? std::string("null") : std::to_string(below(1000)));
    out += "]";
    return {out, out};
  }

  Written string(const std::vector<std::string>& pieces) {
    std::string value = text(pieces);
    return {value, json_quoted(value)};
  }

 private:
  std::mt19937_64 random_;
};

constexpr std::size_t kColumns = 7;
using WrittenRow = std::vector<Written>;

std::string enclosed(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

class RoundTrip : public EngineTest, public testing::WithParamInterface<std::uint64_t> {
 protected:
  RoundTrip() {
    run("CREATE TABLE test.t (id INT NOT NULL, big BIGINT, large LARGEINT, d DECIMAL(18,3), s "
        "VARCHAR(200), at DATETIME, a ARRAY<INT>) "
        "PRIMARY KEY(id) DISTRIBUTED BY HASH(id)");
  }

  std::vector<WrittenRow> rows(const std::vector<std::string>& pieces) {
    Generator generator(GetParam());
    std::vector<WrittenRow> out;
    for (int id = 0; id < 200; ++id) {
      WrittenRow row{{std::to_string(id), std::to_string(id)},
                     generator.number(INT64_MAX / 2),
                     generator.number(INT64_MAX / 2),
                     generator.decimal(),
                     generator.string(pieces),
                     generator.time(),
                     generator.array()};
      for (std::size_t i = 1; i < row.size(); ++i) {
        if (generator.below(6) == 0) row[i] = {kNull, "null"};
      }
      // The text that is the NULL mark cannot be told from NULL in CSV.
      if (row[4].text == "\\N") row[4] = {"x", "\"x\""};
      out.push_back(std::move(row));
    }
    return out;
  }

  void expect_table(const std::vector<WrittenRow>& expected) {
    const Rows got = query("SELECT * FROM t ORDER BY id");
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      for (std::size_t j = 0; j < kColumns; ++j)
        EXPECT_EQ(got[i][j], expected[i][j].text) << "row " << i << " column " << j;
    }
    run("TRUNCATE TABLE test.t");
  }
};

TEST_P(RoundTrip, PlainCsv) {
  const auto expected =
      rows({"a", "\t", ",", "\"", "\n", "\\", "N", " ", "\xC3\xA4", "\xF0\x9F\x98\x80", "\r", "'"});
  std::string body;
  for (const WrittenRow& row : expected) {
    for (std::size_t i = 0; i < row.size(); ++i)
      body += (i == 0 ? "" : "\x01") + row[i].text.value_or("\\N");
    body += "\x02";
  }
  load_ok("t", {{"column_separator", "\\x01"}, {"row_delimiter", "\\x02"}, {"strict_mode", "true"}},
          body);
  expect_table(expected);
}

TEST_P(RoundTrip, EnclosedCsv) {
  const auto expected = rows({"a", ",", "\"", "\n", "\\", "N", " ", "\xC3\xA4", "\"\"", ",\""});
  std::string body;
  for (const WrittenRow& row : expected) {
    for (std::size_t i = 0; i < row.size(); ++i)
      body += (i == 0 ? "" : ",") + (row[i].text ? enclosed(*row[i].text) : "\\N");
    body += "\n";
  }
  load_ok("t", {{"column_separator", ","}, {"enclose", "\""}, {"strict_mode", "true"}}, body);
  expect_table(expected);
}

TEST_P(RoundTrip, Json) {
  const auto expected = rows({"a", "\t", ",", "\"", "\n", "\\", "\\u0041", " ", "\xC3\xA4",
                              "\xF0\x9F\x98\x80", "{", "]", std::string(1, '\x01')});
  static constexpr const char* kNames[] = {"id", "big", "large", "d", "s", "at", "a"};
  std::string objects;
  std::string array = "[";
  for (const WrittenRow& row : expected) {
    std::string object = "{";
    // Backwards: the order of keys means nothing.
    for (std::size_t i = row.size(); i-- > 0;)
      object += (object.size() == 1 ? "" : ",") + json_quoted(kNames[i]) + ":" + row[i].json;
    object += "}";
    objects += object + "\n";
    array += (array.size() == 1 ? "" : ",") + object;
  }
  load_ok("t", {{"format", "json"}, {"strict_mode", "true"}}, objects);
  expect_table(expected);
  load_ok("t", {{"format", "json"}, {"strip_outer_array", "true"}, {"strict_mode", "true"}},
          array + "]");
  expect_table(expected);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RoundTrip, testing::Range<std::uint64_t>(1, 11));

TEST(Text, Base64AndHexRoundTrip) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 500; ++i) {
    std::string bytes;
    for (std::uint64_t size = random() % 40; size > 0; --size)
      bytes += static_cast<char>(random() & 0xFF);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(hex_decode(hex_encode(bytes)), bytes);
  }
  for (const char* bad : {"A", "AAA", "A===", "AA=A", "AAAA=", "A AA", "AA==AAAA",
                          "\xFF"
                          "zzz"})
    EXPECT_FALSE(base64_decode(bad)) << bad;
}

}  // namespace
}  // namespace emulator::test
