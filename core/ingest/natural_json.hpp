#pragma once

#include "core/base/table_schema.hpp"
#include "core/ingest/calendar.hpp"
#include "core/ingest/text_buffer.hpp"
#include "core/ingest/time_zone.hpp"
#include "core/ingest/wire_value.hpp"

#include <string>
#include <string_view>

namespace loadstar::ingest {

/// Writes values as the JSON that comes nearest to them: for JSON columns, for string columns that
/// get a list, map or struct, and where the type of a column is not known (data.proto, Value).
class NaturalJson {
 public:
  /// `zone` is null if the configured zone is unknown; then instants are refused.
  NaturalJson(const TimeZone* zone, TextBuffer& out) : zone_(zone), out_(out) {}

  /// Writes `value`, which has `depth` lists, maps and structs around it. False if it has no JSON
  /// form; then member() and problem() say what is wrong, as those of ValueWriter.
  [[nodiscard]] bool write(const WireValue& value, int depth);

  [[nodiscard]] const std::string& member() const { return member_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  bool write_message(std::string_view message, int depth);
  bool write_double(double number);
  bool write_time(const WireValue& value);
  bool write_list(std::string_view message, int depth);
  bool write_object(const WireValue& value, int depth);
  bool write_name(const WireValue& object, std::string_view name, std::string& text);
  bool refuse(std::string problem);

  const TimeZone* zone_;
  TextBuffer& out_;
  DayText last_day_;
  std::string member_;
  std::string problem_;
};

}  // namespace loadstar::ingest
