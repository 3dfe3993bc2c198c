#include "tests/emulator/engine/temporal.hpp"

#include "tests/emulator/engine/text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iterator>

namespace emulator {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads numbers off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const { return text_.empty(); }

  std::optional<int> number(std::size_t least, std::size_t most) {
    std::size_t count = 0;
    int value = 0;
    while (count < text_.size() && count < most && is_digit(text_[count])) {
      value = value * 10 + (text_[count++] - '0');
    }
    if (count < least ||
        (count < text_.size() && count == most && most > 2 && is_digit(text_[count]))) {
      return std::nullopt;
    }
    last_count_ = count;
    text_.remove_prefix(count);
    return value;
  }

  bool separator() {
    if (text_.empty() || is_digit(text_[0])) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool accept(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  int fraction() {
    int micro = 0;
    int digits = 0;
    for (; !text_.empty() && is_digit(text_[0]); text_.remove_prefix(1)) {
      if (digits < 6) {
        micro = micro * 10 + (text_[0] - '0');
        ++digits;
      }
    }
    for (; digits < 6; ++digits) micro *= 10;
    return micro;
  }

  [[nodiscard]] std::size_t last_count() const { return last_count_; }

 private:
  std::string_view text_;
  std::size_t last_count_ = 0;
};

bool is_valid(const DateTime& t) {
  return is_valid_date(t.year, t.month, t.day) && t.hour < 24 && t.minute < 60 && t.second < 60;
}

std::optional<DateTime> parse_compact(std::string_view text) {
  const auto part = [text](std::size_t from, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(from, count)) value = value * 10 + (c - '0');
    return value;
  };
  DateTime t{part(0, 4), part(4, 2), part(6, 2), 0, 0, 0, 0};
  if (text.size() == 14) {
    t.hour = part(8, 2);
    t.minute = part(10, 2);
    t.second = part(12, 2);
  }
  if (!is_valid(t)) return std::nullopt;
  return t;
}

/// Big-endian signed 64-bit or 32-bit number of a zone file.
std::int64_t zone_number(std::string_view bytes) {
  std::uint64_t value = (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(value);
}

/// Offset at an instant by a TZif file (RFC 8536), version 1 block: enough for 1901 to 2037.
std::optional<int> zone_file_offset(std::string_view file, std::int64_t utc_seconds) {
  constexpr std::size_t kHeader = 44;
  if (file.size() < kHeader || file.substr(0, 4) != "TZif") return std::nullopt;
  const auto count = [file](std::size_t at) {
    return static_cast<std::size_t>(zone_number(file.substr(at, 4)));
  };
  const bool wide = file[4] != '\0';
  std::size_t start = kHeader;
  std::size_t header = 0;
  std::size_t width = 4;
  if (wide) {
    // Version 2 repeats everything with 64-bit times after the first block.
    start += count(32) * 5 + count(36) * 6 + count(40) + count(28) * 8 + count(24) + count(20);
    header = start;
    start += kHeader;
    width = 8;
  }
  if (file.size() < start) return std::nullopt;
  const std::size_t times = count(header + 32);
  const std::size_t types = count(header + 36);
  if (file.size() < start + times * (width + 1) + types * 6 || types == 0) return std::nullopt;
  std::size_t type = 0;
  for (std::size_t i = 0; i < times; ++i) {
    if (zone_number(file.substr(start + i * width, width)) > utc_seconds) break;
    type = static_cast<unsigned char>(file[start + times * width + i]);
  }
  if (type >= types) return std::nullopt;
  return static_cast<int>(zone_number(file.substr(start + times * (width + 1) + type * 6, 4)));
}

}  // namespace

bool is_valid_date(int year, int month, int day) {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): calendar names only
  if (year < 0 || year > 9999 || month < 1 || day < 1) return false;
  return year_month_day{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                        std::chrono::day{static_cast<unsigned>(day)}}
      .ok();
}

std::optional<DateTime> parse_datetime(std::string_view raw) {
  const std::string_view text = trim_white(raw);
  const bool compact = text.find_first_not_of("0123456789") == std::string_view::npos;
  if (compact) {
    if (text.size() != 8 && text.size() != 14) return std::nullopt;
    return parse_compact(text);
  }
  Scanner scan(text);
  DateTime t;
  const auto year = scan.number(2, 4);
  if (!year || scan.last_count() == 3 || !scan.separator()) return std::nullopt;
  // Two digits stand for 1970 to 2069, as in MySQL.
  const bool short_year = scan.last_count() == 2;
  t.year = short_year ? *year + (*year < 70 ? 2000 : 1900) : *year;
  const auto month = scan.number(1, 2);
  if (!month || !scan.separator()) return std::nullopt;
  const auto day = scan.number(1, 2);
  if (!day) return std::nullopt;
  t.month = *month;
  t.day = *day;
  if (!scan.done()) {
    if (!scan.accept(' ') && !scan.accept('T')) return std::nullopt;
    const auto hour = scan.number(1, 2);
    if (!hour) return std::nullopt;
    t.hour = *hour;
    if (scan.accept(':')) {
      const auto minute = scan.number(1, 2);
      if (!minute) return std::nullopt;
      t.minute = *minute;
      if (scan.accept(':')) {
        const auto second = scan.number(1, 2);
        if (!second) return std::nullopt;
        t.second = *second;
        if (scan.accept('.')) t.micro = scan.fraction();
      }
    }
    // Whatever follows, a zone for example, is ignored.
  }
  if (!is_valid(t)) return std::nullopt;
  return t;
}

std::string date_text(const DateTime& t) {
  return fmt::format("{:04}-{:02}-{:02}", t.year, t.month, t.day);
}

std::string datetime_text(const DateTime& t) {
  std::string text = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", t.year, t.month, t.day,
                                 t.hour, t.minute, t.second);
  if (t.micro != 0) text += fmt::format(".{:06}", t.micro);
  return text;
}

std::int64_t unix_seconds_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

std::int64_t to_seconds(const DateTime& t) {
  const std::chrono::sys_days days = std::chrono::year_month_day{
      std::chrono::year{t.year}, std::chrono::month{static_cast<unsigned>(t.month)},
      std::chrono::day{static_cast<unsigned>(t.day)}};
  return std::int64_t{days.time_since_epoch().count()} * 86400 + t.hour * 3600 + t.minute * 60 +
         t.second;
}

DateTime from_seconds(std::int64_t seconds) {
  std::int64_t days = seconds / 86400;
  std::int64_t rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  DateTime t;
  t.year = int{date.year()};
  t.month = static_cast<int>(unsigned{date.month()});
  t.day = static_cast<int>(unsigned{date.day()});
  t.hour = static_cast<int>(rest / 3600);
  t.minute = static_cast<int>(rest / 60 % 60);
  t.second = static_cast<int>(rest % 60);
  return t;
}

std::optional<int> zone_offset(std::string_view zone, std::int64_t utc_seconds) {
  if (zone == "UTC" || zone == "GMT" || zone == "Z") return 0;
  if (zone == "Asia/Shanghai" || zone == "CST" || zone == "PRC") return 8 * 3600;
  if (zone.size() >= 5 && (zone[0] == '+' || zone[0] == '-')) {
    Scanner scan(zone.substr(1));
    const auto hours = scan.number(1, 2);
    if (!hours || !scan.accept(':')) return std::nullopt;
    const auto minutes = scan.number(2, 2);
    if (!minutes || !scan.done() || *minutes > 59 || *hours > 14) return std::nullopt;
    const int offset = *hours * 3600 + *minutes * 60;
    return zone[0] == '-' ? -offset : offset;
  }
  const bool safe = zone.find_first_not_of(
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-") ==
                        std::string_view::npos &&
                    !zone.empty() && zone[0] != '/';
  if (!safe) return std::nullopt;
  std::ifstream file("/usr/share/zoneinfo/" + std::string(zone), std::ios::binary);
  if (!file) return std::nullopt;
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return zone_file_offset(bytes, utc_seconds);
}

}  // namespace emulator
