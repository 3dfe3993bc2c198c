#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>

namespace loadstar::ingest {

/// The wall clock that instants are written in: key `time_zone` of a table.
///
/// Reads the system's zone database (package tzdata) once; thread-safe.
class TimeZone {
 public:
  /// `name` is "UTC", an offset such as "+08:00", or a region such as "Europe/Berlin". Unset if the
  /// system does not know it.
  [[nodiscard]] static std::optional<TimeZone> load(const std::string& name);

  /// Microseconds since 1970-01-01T00:00:00 on this wall clock, of an instant given as microseconds
  /// since 1970-01-01T00:00:00Z. Unset if the result is no DATETIME (calendar.hpp).
  [[nodiscard]] std::optional<std::int64_t> wall_micros(std::int64_t instant_micros) const;

 private:
  explicit TimeZone(absl::TimeZone zone) : zone_(zone), utc_(zone == absl::UTCTimeZone()) {}

  absl::TimeZone zone_;
  bool utc_;
};

/// Whether `name`, which has the form of a time zone (core/base/load_property.hpp), is an offset or
/// a region in the system's zone database. True where the system has no database: StarRocks knows
/// its own. Other than load() it keeps nothing of what it is asked, which may come from a client.
[[nodiscard]] bool is_known_time_zone(const std::string& name);

}  // namespace loadstar::ingest
