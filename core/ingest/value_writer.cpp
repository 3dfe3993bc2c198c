#include "core/ingest/value_writer.hpp"

#include "core/ingest/base64.hpp"
#include "core/ingest/calendar.hpp"
#include "core/ingest/json_text.hpp"
#include "core/ingest/number_text.hpp"
#include "core/ingest/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace loadstar::ingest {
namespace {

/// Longest VARCHAR (starrocks-load-protocol.md 10), for columns whose length is not known.
constexpr std::size_t kLongestString = 1'048'576;

}  // namespace

std::size_t longest_text(const ColumnType& type) {
  return type.length > 0 ? static_cast<std::size_t>(type.length) : kLongestString;
}

Fit ValueWriter::write(const ColumnPlan& column, std::string_view message) {
  refused_null_ = false;
  member_.clear();
  WireValue value;
  // Such a value is neither missing nor NULL.
  if (read_usual_value(message, value)) return write_typed(column.type, value, Site{});
  if (!read_any_value(message, value)) return refuse("is damaged");
  return write(column, value);
}

Fit ValueWriter::write(const ColumnPlan& column, const WireValue& value) {
  refused_null_ = false;
  member_.clear();
  if (value.kind == ValueKind::kNone) return refuse("has no member that this version knows");
  if (value.kind == ValueKind::kNull) {
    if (!column.nullable) {
      refused_null_ = true;
      return refuse(fmt::format("is NULL, but column '{}' is NOT NULL", column.name));
    }
    out_.append(csv() ? std::string_view("\\N") : std::string_view("null"));
    return Fit::kOk;
  }
  return write_typed(column.type, value, Site{});
}

Fit ValueWriter::write_typed(const ColumnType& type, const WireValue& value, Site site) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      return write_boolean(type, value, site);
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
    case TypeKind::kLargeint:
      return write_integer(type, value);
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return write_floating(type, value);
    case TypeKind::kDecimal:
      return write_decimal(type, value);
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      return write_string(type, value, site);
    case TypeKind::kVarbinary:
      return write_binary(type, value, site);
    case TypeKind::kDate:
      return write_date(type, value, site);
    case TypeKind::kDatetime:
      return write_datetime(type, value, site);
    case TypeKind::kJson:
      return write_json(type, value, site);
    case TypeKind::kArray:
      return write_array(type, value, site);
    case TypeKind::kMap:
      return write_map(type, value, site);
    case TypeKind::kStruct:
      return write_struct(type, value, site);
    case TypeKind::kBitmap:
    case TypeKind::kHll:
    case TypeKind::kPercentile:
      return refuse_kind(type, value);
    case TypeKind::kUnknown:
      return write_untyped(value, site);
  }
  return refuse_kind(type, value);
}

Fit ValueWriter::write_string(const ColumnType& type, const WireValue& value, Site site) {
  if (value.kind == ValueKind::kList || value.kind == ValueKind::kMap ||
      value.kind == ValueKind::kStruct) {
    return write_natural_text(type, value, site);
  }
  if (value.kind != ValueKind::kString) return refuse_kind(type, value);
  if (value.bytes.size() > longest_text(type)) {
    return refuse(fmt::format("has {} bytes, but {} takes {}", value.bytes.size(), to_string(type),
                              longest_text(type)));
  }
  if (type.kind == TypeKind::kChar && value.bytes.find('\0') != std::string_view::npos) {
    return refuse("has a NUL byte, at which StarRocks ends a CHAR; VARCHAR keeps it");
  }
  return put_text(value.bytes, site);
}

Fit ValueWriter::write_binary(const ColumnType& type, const WireValue& value, Site site) {
  if (value.kind != ValueKind::kBytes) return refuse_kind(type, value);
  if (site.place == Place::kNested) {
    return refuse(fmt::format("is {} within another type, which StarRocks reads from no text",
                              to_string(type)));
  }
  if (value.bytes.size() > longest_text(type)) {
    return refuse(fmt::format("has {} bytes, but {} takes {}", value.bytes.size(), to_string(type),
                              longest_text(type)));
  }
  if (!csv() && value.bytes.empty()) {
    return not_carried("is empty, and in JSON from_base64 would make it NULL");
  }
  put_quote(Site{csv() ? Place::kTop : Place::kNested, 0});
  append_base64(out_, value.bytes);
  put_quote(Site{csv() ? Place::kTop : Place::kNested, 0});
  return Fit::kOk;
}

Fit ValueWriter::write_date(const ColumnType& type, const WireValue& value, Site site) {
  put_quote(site);
  if (value.kind == ValueKind::kDate) {
    if (!is_date(value.integer)) return refuse("is no date from 0000-01-01 to 9999-12-31");
    append_date(out_, value.integer, last_day_);
  } else if (value.kind == ValueKind::kString) {
    if (!append_date_text(out_, value.bytes)) return refuse("is no date such as 2024-02-29");
  } else {
    return refuse_kind(type, value);
  }
  put_quote(site);
  return Fit::kOk;
}

Fit ValueWriter::write_datetime(const ColumnType& type, const WireValue& value, Site site) {
  put_quote(site);
  std::int64_t micros = value.integer;
  switch (value.kind) {
    case ValueKind::kString:
      if (!append_datetime_text(out_, value.bytes)) {
        return refuse("is no time such as 2024-02-29 13:14:15.123456 (without a zone)");
      }
      put_quote(site);
      return Fit::kOk;
    case ValueKind::kDate:
      if (!is_date(value.integer)) return refuse("is no date from 0000-01-01 to 9999-12-31");
      micros = value.integer * kDayMicros;
      break;
    case ValueKind::kInstant: {
      if (zone_ == nullptr)
        return refuse("is an instant, but the table's time_zone is not known here");
      const auto wall = zone_->wall_micros(value.integer);
      if (!wall) return refuse("is no time in the years 0000 to 9999");
      micros = *wall;
      break;
    }
    case ValueKind::kDatetime:
      break;
    default:
      return refuse_kind(type, value);
  }
  if (!is_datetime(micros)) return refuse("is no time in the years 0000 to 9999");
  append_datetime(out_, micros, last_day_);
  put_quote(site);
  return Fit::kOk;
}

Fit ValueWriter::write_untyped(const WireValue& value, Site site) {
  switch (value.kind) {
    case ValueKind::kBytes:
      return refuse(
          "has bytes, but the type of its column is not known, so their text is not either");
    case ValueKind::kList:
    case ValueKind::kMap:
    case ValueKind::kStruct:
      if (csv())
        return not_carried("is a list, map or struct for a column whose type is not known");
      return write_natural(value, site);
    case ValueKind::kBool:
      return write_boolean(ColumnType{TypeKind::kBoolean, 0, 0, 0, {}, {}}, value, site);
    case ValueKind::kInt:
      append_integer(out_, value.integer);
      return Fit::kOk;
    case ValueKind::kDouble:
      return write_floating(ColumnType{TypeKind::kDouble, 0, 0, 0, {}, {}}, value);
    case ValueKind::kString:
      return put_text(value.bytes, site);
    case ValueKind::kDate:
      return write_date(ColumnType{TypeKind::kDate, 0, 0, 0, {}, {}}, value, site);
    case ValueKind::kDatetime:
    case ValueKind::kInstant:
      return write_datetime(ColumnType{TypeKind::kDatetime, 0, 0, 0, {}, {}}, value, site);
    case ValueKind::kNull:
    case ValueKind::kNone:
      break;
  }
  return refuse("has no member that this version knows");
}

Fit ValueWriter::put_text(std::string_view text, Site site) {
  if (csv() && site.place == Place::kTop) return put_csv_field(text);
  if (!is_utf8(text)) return refuse("is not valid UTF-8");
  if (!csv()) {
    append_json_string(out_, text);
    return Fit::kOk;
  }
  out_.append('"');
  for (std::size_t at = text.find('"'); at != std::string_view::npos; at = text.find('"')) {
    if (const Fit fit = put_csv_field(text.substr(0, at)); fit != Fit::kOk) return fit;
    out_.append("\"\"");
    text.remove_prefix(at + 1);
  }
  const Fit fit = put_csv_field(text);
  out_.append('"');
  return fit;
}

Fit ValueWriter::put_csv_field(std::string_view text) {
  char* const to = out_.room(text.size());
  const SeenInText seen = copy_text(to, text);
  if (seen.beyond_ascii != 0 && !is_utf8(text)) return refuse("is not valid UTF-8");
  if (text == "\\N") return not_carried("is the text \\N, which CSV reads as NULL");
  if (seen.separator != 0) {
    return not_carried("has a byte 0x01 or 0x02, which separates CSV fields");
  }
  out_.commit(to + text.size());
  return Fit::kOk;
}

void ValueWriter::put_quote(Site site) {
  if (!csv() || site.place == Place::kNested) out_.append('"');
}

Fit ValueWriter::refuse(std::string problem) {
  problem_ = std::move(problem);
  return Fit::kRefused;
}

Fit ValueWriter::refuse_kind(const ColumnType& type, const WireValue& value) {
  return refuse(
      fmt::format("is a {}, which does not go into {}", to_string(value.kind), to_string(type)));
}

Fit ValueWriter::not_carried(std::string problem) {
  problem_ = std::move(problem);
  return Fit::kNotCarried;
}

}  // namespace loadstar::ingest
