#pragma once

#include "core/base/table_schema.hpp"
#include "core/ingest/calendar.hpp"
#include "core/ingest/row_plan.hpp"
#include "core/ingest/text_buffer.hpp"
#include "core/ingest/text_copy.hpp"
#include "core/ingest/time_zone.hpp"
#include "core/ingest/wire_value.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace loadstar::ingest {

/// Text that typed rows become.
enum class Target : std::uint8_t { kCsv, kJson };

/// What became of one value.
enum class Fit : std::uint8_t {
  kOk,
  kNotCarried,  ///< right, but this text cannot carry it; the other may
  kRefused,     ///< wrong for its column
};

/// Most bytes that a CHAR, VARCHAR or VARBINARY of `type` takes.
[[nodiscard]] std::size_t longest_text(const ColumnType& type);

/// Writes values as the text that StarRocks reads for a column's type, if they fit it without any
/// change: range, length, precision, NULL. After anything but kOk the output holds rubbish behind
/// the place where it was, and member() and problem() say what is wrong.
///
/// Text forms: starrocks-load-protocol.md 11.3 (CSV), 11.4 (JSON). Booleans and numbers are in
/// value_writer_numbers.cpp, what holds other values in value_writer_nested.cpp, the rest in
/// value_writer.cpp.
class ValueWriter {
 public:
  /// `zone` is null if the configured zone is unknown; then instants are refused.
  ValueWriter(Target target, const TimeZone* zone, TextBuffer& out)
      : target_(target), zone_(zone), out_(out) {}

  /// Writes a serialised loadstar.v1.Value for `column`.
  [[nodiscard]] Fit write(const ColumnPlan& column, std::string_view message);
  /// The same for a value that was read already.
  [[nodiscard]] Fit write(const ColumnPlan& column, const WireValue& value);

  /// Whether the last kRefused of write() was for NULL in a column that takes none.
  [[nodiscard]] bool refused_null() const { return refused_null_; }
  /// Path below the value, for example ".list_value.values[2]"; empty for the value itself.
  [[nodiscard]] const std::string& member() const { return member_; }
  /// What is wrong, a sentence without its subject. Quotes no row data but numbers.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  /// Where a value stands: as a CSV field or JSON member, or within ARRAY, MAP, STRUCT.
  enum class Place : std::uint8_t { kTop, kNested };
  struct Site {
    Place place = Place::kTop;
    int depth = 0;  ///< lists, maps and structs around it
  };

  Fit write_typed(const ColumnType& type, const WireValue& value, Site site);
  Fit write_boolean(const ColumnType& type, const WireValue& value, Site site);
  Fit write_integer(const ColumnType& type, const WireValue& value);
  Fit write_integer_text(const ColumnType& type, const WireValue& value);
  Fit write_floating(const ColumnType& type, const WireValue& value);
  Fit write_decimal(const ColumnType& type, const WireValue& value);
  Fit write_string(const ColumnType& type, const WireValue& value, Site site);
  Fit write_binary(const ColumnType& type, const WireValue& value, Site site);
  Fit write_date(const ColumnType& type, const WireValue& value, Site site);
  Fit write_datetime(const ColumnType& type, const WireValue& value, Site site);
  Fit write_untyped(const WireValue& value, Site site);

  Fit write_json(const ColumnType& type, const WireValue& value, Site site);
  Fit write_array(const ColumnType& type, const WireValue& value, Site site);
  Fit write_map(const ColumnType& type, const WireValue& value, Site site);
  Fit write_map_key(const ColumnType& type, std::string_view message, Site site);
  Fit write_struct(const ColumnType& type, const WireValue& value, Site site);
  Fit write_element(const ColumnType& type, std::string_view message, Site site);
  /// Writes `value` as the JSON value that comes nearest to it, whatever the target is.
  Fit write_natural(const WireValue& value, Site site);
  /// As write_natural(), as a string that holds the JSON text.
  Fit write_natural_text(const ColumnType& type, const WireValue& value, Site site);

  [[nodiscard]] bool csv() const { return target_ == Target::kCsv; }
  Fit put_decimal(const ColumnType& type, std::string_view text);
  Fit put_text(std::string_view text, Site site);
  Fit put_csv_field(std::string_view text);
  void put_quote(Site site);
  Fit refuse(std::string problem);
  Fit refuse_kind(const ColumnType& type, const WireValue& value);
  Fit refuse_json_size();
  Fit not_carried(std::string problem);
  Fit within(std::string_view path, Fit fit);

  Target target_;
  const TimeZone* zone_;
  TextBuffer& out_;
  DayText last_day_;
  bool refused_null_ = false;
  std::string member_;
  std::string problem_;
};

}  // namespace loadstar::ingest
