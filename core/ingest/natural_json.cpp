#include "core/ingest/natural_json.hpp"

#include "core/ingest/calendar.hpp"
#include "core/ingest/json_text.hpp"
#include "core/ingest/number_text.hpp"
#include "core/ingest/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace loadstar::ingest {

bool NaturalJson::write(const WireValue& value, int depth) {
  if (depth > kMaxNesting) return refuse("nests lists, maps or structs too deeply");
  switch (value.kind) {
    case ValueKind::kNone:
      return refuse("has no member that this version knows");
    case ValueKind::kNull:
      out_.append("null");
      return true;
    case ValueKind::kBool:
      out_.append(value.integer != 0 ? std::string_view("true") : std::string_view("false"));
      return true;
    case ValueKind::kInt:
      append_integer(out_, value.integer);
      return true;
    case ValueKind::kDouble:
      return write_double(value.number);
    case ValueKind::kString:
      if (!is_utf8(value.bytes)) return refuse("is not valid UTF-8");
      append_json_string(out_, value.bytes);
      return true;
    case ValueKind::kBytes:
      return refuse("is a bytes_value, for which JSON has no form");
    case ValueKind::kDate:
    case ValueKind::kDatetime:
    case ValueKind::kInstant:
      return write_time(value);
    case ValueKind::kList:
      return write_list(value.bytes, depth);
    case ValueKind::kMap:
    case ValueKind::kStruct:
      return write_object(value, depth);
  }
  return refuse("has no member that this version knows");
}

bool NaturalJson::write_message(std::string_view message, int depth) {
  WireValue value;
  return read_value(message, value) ? write(value, depth) : refuse("is damaged");
}

bool NaturalJson::write_double(double number) {
  if (!std::isfinite(number)) return refuse("is NaN or infinite, which JSON does not have");
  const std::size_t start = out_.size();
  append_double(out_, number);
  // 100.0 is not 100 in a JSON column.
  if (out_.view().substr(start).find_first_of(".eE") == std::string_view::npos) out_.append(".0");
  return true;
}

bool NaturalJson::write_time(const WireValue& value) {
  out_.append('"');
  if (value.kind == ValueKind::kDate) {
    if (!is_date(value.integer)) return refuse("is no date from 0000-01-01 to 9999-12-31");
    append_date(out_, value.integer, last_day_);
  } else {
    if (value.kind == ValueKind::kInstant && zone_ == nullptr) {
      return refuse("is an instant, but the table's time_zone is not known here");
    }
    const auto wall = value.kind == ValueKind::kInstant
                          ? zone_->wall_micros(value.integer)
                          : std::optional<std::int64_t>(value.integer);
    if (!wall || !is_datetime(*wall)) return refuse("is no time in the years 0000 to 9999");
    append_datetime(out_, *wall, last_day_);
  }
  out_.append('"');
  return true;
}

bool NaturalJson::write_list(std::string_view message, int depth) {
  std::vector<std::string_view> elements;
  if (!read_elements(message, elements)) return refuse("is damaged");
  out_.append('[');
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) out_.append(',');
    if (!write_message(elements[i], depth + 1)) {
      member_.insert(0, fmt::format(".list_value.values[{}]", i));
      return false;
    }
  }
  out_.append(']');
  return true;
}

bool NaturalJson::write_object(const WireValue& value, int depth) {
  const std::string_view member = value.kind == ValueKind::kMap ? ".map_value" : ".struct_value";
  WireEntries entries;
  if (!read_entries(value.bytes, entries)) return refuse("is damaged");
  if (entries.names.size() != entries.values.size()) {
    return refuse(fmt::format("has {} names or keys, but {} values", entries.names.size(),
                              entries.values.size()));
  }
  std::vector<std::string> names(entries.names.size());
  out_.append('{');
  for (std::size_t i = 0; i < entries.names.size(); ++i) {
    if (i > 0) out_.append(',');
    if (!write_name(value, entries.names[i], names[i])) {
      member_.insert(
          0, fmt::format("{}.{}[{}]", member, value.kind == ValueKind::kMap ? "keys" : "names", i));
      return false;
    }
    append_json_string(out_, names[i]);
    out_.append(':');
    if (!write_message(entries.values[i], depth + 1)) {
      member_.insert(0, fmt::format("{}.values[{}]", member, i));
      return false;
    }
  }
  out_.append('}');
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) == names.end()) return true;
  return refuse("has a name or key twice; one of the two would be lost");
}

bool NaturalJson::write_name(const WireValue& object, std::string_view name, std::string& text) {
  WireValue key;
  key.kind = ValueKind::kString;
  key.bytes = name;
  if (object.kind == ValueKind::kMap && !read_value(name, key)) return refuse("is damaged");
  if (key.kind == ValueKind::kString) {
    if (!is_utf8(key.bytes)) return refuse("is not valid UTF-8");
    text = std::string(key.bytes);
    return true;
  }
  const bool scalar = key.kind == ValueKind::kInt || key.kind == ValueKind::kBool ||
                      key.kind == ValueKind::kDate || key.kind == ValueKind::kDatetime ||
                      key.kind == ValueKind::kInstant;
  if (!scalar)
    return refuse(fmt::format("is a {}, which is no name of a JSON member", to_string(key.kind)));
  TextBuffer buffer(64);
  NaturalJson writer(zone_, buffer);
  if (!writer.write(key, 0)) return refuse(writer.problem());
  text = std::string(buffer.view());
  if (text.starts_with('"')) text = text.substr(1, text.size() - 2);  // a time; needs no escapes
  return true;
}

bool NaturalJson::refuse(std::string problem) {
  problem_ = std::move(problem);
  return false;
}

}  // namespace loadstar::ingest
