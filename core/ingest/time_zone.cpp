#include "core/ingest/time_zone.hpp"

#include "core/base/load_property.hpp"
#include "core/ingest/calendar.hpp"

#include <filesystem>
#include <system_error>

namespace loadstar::ingest {
namespace {

/// Seconds of "+HH:MM"; unset if `name` has another form.
std::optional<int> fixed_offset(const std::string& name) {
  if (name.size() != 6 || (name[0] != '+' && name[0] != '-') || name[3] != ':') return std::nullopt;
  int parts[2] = {0, 0};
  for (const int part : {0, 1}) {
    for (std::size_t i = 0; i < 2; ++i) {
      const char digit = name[1 + 3 * static_cast<std::size_t>(part) + i];
      if (digit < '0' || digit > '9') return std::nullopt;
      parts[part] = parts[part] * 10 + (digit - '0');
    }
  }
  if (parts[0] > 14 || parts[1] > 59) return std::nullopt;
  const int seconds = parts[0] * 3600 + parts[1] * 60;
  return name[0] == '-' ? -seconds : seconds;
}

}  // namespace

std::optional<TimeZone> TimeZone::load(const std::string& name) {
  if (const auto offset = fixed_offset(name)) return TimeZone(absl::FixedTimeZone(*offset));
  absl::TimeZone zone;
  // "localtime" and absolute paths would make the daemon's host part of the data.
  if (name.empty() || name == "localtime" || name.front() == '/' || name.front() == ':' ||
      name.find("..") != std::string::npos || !absl::LoadTimeZone(name, &zone)) {
    return std::nullopt;
  }
  return TimeZone(zone);
}

bool is_known_time_zone(const std::string& name) {
  constexpr const char* kDatabase = "/usr/share/zoneinfo";
  std::error_code ignored;
  if (fixed_offset(name) || name == "UTC") return true;
  if (!std::filesystem::is_directory(kDatabase, ignored)) return true;
  return is_time_zone(name) &&
         std::filesystem::is_regular_file(std::filesystem::path(kDatabase) / name, ignored);
}

std::optional<std::int64_t> TimeZone::wall_micros(std::int64_t instant_micros) const {
  // An offset is less than a day, so this also keeps the sum below from overflowing.
  const auto in_reach = [](std::int64_t micros) {
    return is_datetime(micros) || is_datetime(micros + kDayMicros) ||
           is_datetime(micros - kDayMicros);
  };
  constexpr std::int64_t kFar = 1'000'000'000'000'000'000;
  if (instant_micros > kFar || instant_micros < -kFar || !in_reach(instant_micros)) {
    return std::nullopt;
  }
  std::int64_t wall = instant_micros;
  if (!utc_)
    wall += std::int64_t{zone_.At(absl::FromUnixMicros(instant_micros)).offset} * 1'000'000;
  if (!is_datetime(wall)) return std::nullopt;
  return wall;
}

}  // namespace loadstar::ingest
