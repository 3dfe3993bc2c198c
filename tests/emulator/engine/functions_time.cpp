// Functions on dates and times.
#include "tests/emulator/engine/convert.hpp"
#include "tests/emulator/engine/functions.hpp"
#include "tests/emulator/engine/temporal.hpp"
#include "tests/emulator/engine/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace emulator {

namespace {

DateTime local_now(const FunctionContext& context) {
  return from_seconds(context.now + zone_offset(context.zone, context.now).value_or(0));
}

std::optional<DateTime> time_argument(const FunctionCall& call, std::size_t i) {
  return parse_datetime(call.text(i));
}

Value as_datetime(const std::optional<DateTime>& time) {
  return time ? Value{datetime_text(*time)} : Value{};
}
Value as_date(const std::optional<DateTime>& time) {
  return time ? Value{date_text(*time)} : Value{};
}

Value now(const FunctionCall& call) { return now_text(call.context); }
Value utc_now(const FunctionCall& call) { return datetime_text(from_seconds(call.context.now)); }
Value today(const FunctionCall& call) { return date_text(local_now(call.context)); }
Value date(const FunctionCall& call) { return as_date(time_argument(call, 0)); }

constexpr const char* kMonths[] = {"January",   "February", "March",    "April",
                                   "May",       "June",     "July",     "August",
                                   "September", "October",  "November", "December"};

/// MySQL's format letters; texts other than `%x` stand for themselves.
std::string format_time(const DateTime& t, std::string_view format) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    switch (format[++i]) {
      case 'Y':
        out += fmt::format("{:04}", t.year);
        break;
      case 'y':
        out += fmt::format("{:02}", t.year % 100);
        break;
      case 'm':
        out += fmt::format("{:02}", t.month);
        break;
      case 'c':
        out += std::to_string(t.month);
        break;
      case 'M':
        out += kMonths[t.month - 1];
        break;
      case 'b':
        out += std::string(kMonths[t.month - 1]).substr(0, 3);
        break;
      case 'd':
        out += fmt::format("{:02}", t.day);
        break;
      case 'e':
        out += std::to_string(t.day);
        break;
      case 'H':
        out += fmt::format("{:02}", t.hour);
        break;
      case 'k':
        out += std::to_string(t.hour);
        break;
      case 'i':
        out += fmt::format("{:02}", t.minute);
        break;
      case 's':
      case 'S':
        out += fmt::format("{:02}", t.second);
        break;
      case 'f':
        out += fmt::format("{:06}", t.micro);
        break;
      case 'T':
        out += fmt::format("{:02}:{:02}:{:02}", t.hour, t.minute, t.second);
        break;
      default:
        out += format[i];
    }
  }
  return out;
}

/// Reads a time by MySQL's format letters; unset if the text does not match.
std::optional<DateTime> scan_time(std::string_view text, std::string_view format) {
  DateTime t;
  const auto number = [&text](std::size_t most, int& out) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + std::min(most, text.size()), out);
    if (error != std::errc{} || out < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
  };
  const auto literal = [&text](char c) {
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
  };
  for (std::size_t i = 0; i < format.size(); ++i) {
    bool ok = true;
    if (format[i] != '%' || i + 1 == format.size()) {
      ok = literal(format[i]);
    } else {
      switch (format[++i]) {
        case 'Y':
          ok = number(4, t.year);
          break;
        case 'y':
          ok = number(2, t.year);
          t.year += t.year < 70 ? 2000 : 1900;
          break;
        case 'm':
        case 'c':
          ok = number(2, t.month);
          break;
        case 'd':
        case 'e':
          ok = number(2, t.day);
          break;
        case 'H':
        case 'k':
          ok = number(2, t.hour);
          break;
        case 'i':
          ok = number(2, t.minute);
          break;
        case 's':
        case 'S':
          ok = number(2, t.second);
          break;
        case 'f': {
          const std::size_t before = text.size();
          ok = number(6, t.micro);
          for (std::size_t digits = before - text.size(); digits < 6; ++digits) t.micro *= 10;
          break;
        }
        case 'T':
          ok = number(2, t.hour) && literal(':') && number(2, t.minute) && literal(':') &&
               number(2, t.second);
          break;
        default:
          ok = literal(format[i]);
      }
    }
    if (!ok) return std::nullopt;
  }
  if (!is_valid_date(t.year, t.month, t.day) || t.hour > 23 || t.minute > 59 || t.second > 59)
    return std::nullopt;
  return t;
}

Value str_to_date(const FunctionCall& call) {
  return as_datetime(scan_time(call.text(0), call.text(1)));
}

Value str2date(const FunctionCall& call) { return as_date(scan_time(call.text(0), call.text(1))); }

Value date_format(const FunctionCall& call) {
  const auto time = time_argument(call, 0);
  return time ? Value{format_time(*time, call.text(1))} : Value{};
}

Value from_unixtime(const FunctionCall& call) {
  const auto seconds = call.integer(0);
  if (!seconds || *seconds < 0 || *seconds > 253402243199) return {};
  const auto offset = zone_offset(call.context.zone, *seconds);
  const DateTime time = from_seconds(*seconds + offset.value_or(0));
  const std::string format = call.arguments.size() == 2 ? call.text(1) : "%Y-%m-%d %H:%i:%s";
  // StarRocks also takes these three words for their formats.
  if (format == "yyyy-MM-dd HH:mm:ss") return format_time(time, "%Y-%m-%d %H:%i:%s");
  if (format == "yyyy-MM-dd") return format_time(time, "%Y-%m-%d");
  if (format == "yyyyMMdd") return format_time(time, "%Y%m%d");
  return format_time(time, format);
}

Value unix_timestamp(const FunctionCall& call) {
  if (call.arguments.empty()) return call.context.now;
  const auto time =
      call.arguments.size() == 2 ? scan_time(call.text(0), call.text(1)) : time_argument(call, 0);
  if (!time) return {};
  const std::int64_t wall = to_seconds(*time);
  return std::max<std::int64_t>(0, wall - zone_offset(call.context.zone, wall).value_or(0));
}

template <int DateTime::*kPart>
Value part(const FunctionCall& call) {
  const auto time = time_argument(call, 0);
  return time ? Value{std::int64_t{(*time).*kPart}} : Value{};
}

/// From year 0 to the end of 9999, in seconds since 1970.
constexpr std::int64_t kFirstSecond = -62167219200;
constexpr std::int64_t kLastSecond = 253402300799;
/// More units than this lead out of that time whatever they are.
constexpr std::int64_t kMostUnits = 400'000'000'000;

/// `count` units later; unset if the unit is unknown or the result no date.
std::optional<DateTime> shifted(DateTime time, std::int64_t count, const std::string& unit) {
  if (unit == "year" || unit == "month" || unit == "quarter") {
    const std::int64_t months = time.year * 12 + time.month - 1 +
                                count * (unit == "year"      ? 12
                                         : unit == "quarter" ? 3
                                                             : 1);
    if (months < 0) return std::nullopt;
    time.year = static_cast<int>(months / 12);
    time.month = static_cast<int>(months % 12) + 1;
    while (time.day > 28 && !is_valid_date(time.year, time.month, time.day)) --time.day;
  } else {
    const std::int64_t seconds = unit == "week"     ? 604800
                                 : unit == "day"    ? 86400
                                 : unit == "hour"   ? 3600
                                 : unit == "minute" ? 60
                                 : unit == "second" ? 1
                                                    : 0;
    if (seconds == 0) return std::nullopt;
    const std::int64_t moved = to_seconds(time) + count * seconds;
    if (moved < kFirstSecond || moved > kLastSecond) return std::nullopt;
    const int micro = time.micro;
    time = from_seconds(moved);
    time.micro = micro;
  }
  if (!is_valid_date(time.year, time.month, time.day)) return std::nullopt;
  return time;
}

template <int kSign>
Value date_add(const FunctionCall& call) {
  const auto time = time_argument(call, 0);
  const auto count = call.integer(1);
  if (!time || !count || *count > kMostUnits || *count < -kMostUnits) return {};
  return as_datetime(
      shifted(*time, kSign * *count, call.arguments.size() == 3 ? to_lower(call.text(2)) : "day"));
}

Value date_trunc(const FunctionCall& call) {
  auto time = time_argument(call, 1);
  if (!time) return {};
  const std::string unit = to_lower(call.text(0));
  time->micro = 0;
  if (unit == "second") return as_datetime(time);
  time->second = 0;
  if (unit == "minute") return as_datetime(time);
  time->minute = 0;
  if (unit == "hour") return as_datetime(time);
  time->hour = 0;
  if (unit == "day") return as_datetime(time);
  time->day = 1;
  if (unit == "month") return as_datetime(time);
  time->month = 1;
  return unit == "year" ? as_datetime(time) : Value{};
}

}  // namespace

std::string now_text(const FunctionContext& context) { return datetime_text(local_now(context)); }

std::vector<FunctionInfo> time_functions() {
  constexpr auto kDatetime = returns<Kind::kDatetime>;
  constexpr auto kDate = returns<Kind::kDate>;
  constexpr auto kBigInt = returns<Kind::kBigInt>;
  constexpr auto kText = returns<Kind::kVarchar>;
  return {
      {"now", 0, 1, kDatetime, now},
      {"current_timestamp", 0, 1, kDatetime, now},
      {"localtime", 0, 1, kDatetime, now},
      {"localtimestamp", 0, 1, kDatetime, now},
      {"utc_timestamp", 0, 1, kDatetime, utc_now},
      {"curdate", 0, 0, kDate, today},
      {"current_date", 0, 0, kDate, today},
      {"date", 1, 1, kDate, date},
      {"to_date", 1, 1, kDate, date},
      {"str_to_date", 2, 2, kDatetime, str_to_date},
      {"str2date", 2, 2, kDate, str2date},
      {"date_format", 2, 2, kText, date_format},
      {"from_unixtime", 1, 2, kText, from_unixtime},
      {"unix_timestamp", 0, 2, kBigInt, unix_timestamp},
      {"year", 1, 1, kBigInt, part<&DateTime::year>},
      {"month", 1, 1, kBigInt, part<&DateTime::month>},
      {"day", 1, 1, kBigInt, part<&DateTime::day>},
      {"dayofmonth", 1, 1, kBigInt, part<&DateTime::day>},
      {"hour", 1, 1, kBigInt, part<&DateTime::hour>},
      {"minute", 1, 1, kBigInt, part<&DateTime::minute>},
      {"second", 1, 1, kBigInt, part<&DateTime::second>},
      {"date_add", 2, 3, kDatetime, date_add<1>},
      {"adddate", 2, 3, kDatetime, date_add<1>},
      {"days_add", 2, 2, kDatetime, date_add<1>},
      {"date_sub", 2, 3, kDatetime, date_add<-1>},
      {"subdate", 2, 3, kDatetime, date_add<-1>},
      {"days_sub", 2, 2, kDatetime, date_add<-1>},
      {"date_trunc", 2, 2, kDatetime, date_trunc},
  };
}

}  // namespace emulator
