#include "tests/core/ingest/support/random_rows.hpp"

#include "tests/core/ingest/support/wire_builder.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <ctime>

namespace loadstar::ingest {
namespace {

std::string random_text(Random& random) {
  static const std::vector<std::string> parts{"a",
                                              "Z",
                                              " ",
                                              "\t",
                                              "\n",
                                              "\r",
                                              "\"",
                                              "\\",
                                              "\\N",
                                              ",",
                                              "'",
                                              "\x01",
                                              "\x02",
                                              std::string("\0", 1),
                                              "\x1f",
                                              "{",
                                              "]",
                                              "null",
                                              "\xC3\xA9",
                                              "\xE2\x82\xAC",
                                              "\xF0\x9F\x98\x80",
                                              "0",
                                              "word and more words in a row"};
  std::string text;
  for (std::uint64_t count = random.below(6); count > 0; --count) {
    // Separators are rare, or nothing would ever go as CSV.
    const std::string& part = parts[random.below(parts.size())];
    const bool separator = part == "\x01" || part == "\x02";
    if (!separator || random.chance(5)) text += part;
  }
  return text;
}

std::int64_t random_integer(Random& random, int bits) {
  const auto any = static_cast<std::int64_t>(random.below(~std::uint64_t{0}));
  const std::int64_t wide = bits == 64 ? any : any % (std::int64_t{1} << (bits - 1));
  switch (random.below(4)) {
    case 0:
      return wide;
    case 1:
      return static_cast<std::int64_t>(random.below(100)) - 50;
    case 2:
      return bits == 64 ? INT64_MIN : -(std::int64_t{1} << (bits - 1));
    default:
      return bits == 64 ? INT64_MAX : (std::int64_t{1} << (bits - 1)) - 1;
  }
}

RandomValue integer(Random& random, int bits) {
  const std::int64_t value = random_integer(random, bits);
  return {wire::int_value(value), std::to_string(value)};
}

RandomValue decimal(Random& random) {  // DECIMAL(18,4)
  const auto units = static_cast<std::int64_t>(random.below(100'000'000'000'000));
  std::string text = std::to_string(units);
  const std::uint64_t digits = random.below(5);
  if (digits > 0)
    text += fmt::format(".{:0{}}", random.below(static_cast<std::uint64_t>(std::pow(10, digits))),
                        digits);
  if (random.chance(30) && text.find_first_of("123456789") != std::string::npos)
    text.insert(0, 1, '-');
  return {wire::string_value(text), text};
}

RandomValue floating(Random& random) {
  double value = static_cast<double>(random_integer(random, 64)) / 1e6;
  if (random.chance(50)) value = static_cast<double>(random.below(1'000'000)) / 100;
  return {wire::double_value(value), fmt::format("{:a}", value)};
}

RandomValue datetime(Random& random) {
  // From 0000-01-01 to 9999-12-31, most of it before 1970 or far behind it.
  constexpr std::int64_t kFirst = -62'167'219'200;
  constexpr std::int64_t kEnd = 253'402'300'800;
  const auto seconds = static_cast<std::int64_t>(random.below(kEnd - kFirst)) + kFirst;
  const auto micros = static_cast<std::int64_t>(random.chance(50) ? 0 : random.below(1'000'000));
  const std::time_t time = seconds;
  std::tm civil{};
  gmtime_r(&time, &civil);  // another calendar than the one under test
  std::string text =
      fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", civil.tm_year + 1900, civil.tm_mon + 1,
                  civil.tm_mday, civil.tm_hour, civil.tm_min, civil.tm_sec);
  if (micros != 0) text += fmt::format(".{:06}", micros);
  const std::int64_t value = seconds * 1'000'000 + micros;
  return {random.chance(50) ? wire::datetime_value(value) : wire::instant_value(value), text};
}

RandomValue binary(Random& random) {
  std::string bytes(1 + random.below(20), '\0');  // an empty one has no JSON form
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return {wire::bytes_value(bytes), bytes};
}

}  // namespace

const std::vector<std::string>& random_type_names() {
  static const std::vector<std::string> names{
      "boolean", "tinyint",       "smallint",      "int",  "bigint",   "largeint",
      "double",  "decimal(18,4)", "varchar(1000)", "date", "datetime", "varbinary(100)"};
  return names;
}

RandomValue random_value(Random& random, const std::string& type_name) {
  if (random.chance(10)) return {wire::null_value(), std::nullopt};
  if (type_name == "boolean") {
    const bool value = random.chance(50);
    return {wire::bool_value(value), value ? "1" : "0"};
  }
  if (type_name == "tinyint") return integer(random, 8);
  if (type_name == "smallint") return integer(random, 16);
  if (type_name == "int") return integer(random, 32);
  if (type_name == "bigint") return integer(random, 64);
  if (type_name == "largeint") {
    const std::string text = std::to_string(random_integer(random, 64)) + "00000000000000000";
    const std::string large = text.starts_with('0') ? "0" : text;
    return {wire::string_value(large), large};
  }
  if (type_name == "double") return floating(random);
  if (type_name == "decimal(18,4)") return decimal(random);
  if (type_name == "date") {
    const RandomValue time = datetime(random);
    return {wire::string_value(time.text->substr(0, 10)), time.text->substr(0, 10)};
  }
  if (type_name == "datetime") return datetime(random);
  if (type_name == "varbinary(100)") return binary(random);
  const std::string text = random_text(random);
  return {wire::string_value(text), text};
}

}  // namespace loadstar::ingest
