#include "core/ingest/column_expression.hpp"
#include "core/ingest/json_members.hpp"
#include "core/ingest/json_number.hpp"
#include "core/ingest/json_scanner.hpp"
#include "core/ingest/json_text.hpp"
#include "core/ingest/natural_json.hpp"
#include "core/ingest/utf8.hpp"
#include "core/ingest/value_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace loadstar::ingest {
namespace {

/// Longest value of a JSON column (kJSONLengthLimit in StarRocks' sources).
constexpr std::size_t kMaxJsonBytes = std::size_t{16} << 20U;

constexpr std::string_view kTooDeep = "nests lists, maps or structs too deeply";

bool has_duplicate(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

/// The MAP key that was written as `text`, as every way to write the same key is: StarRocks
/// compares values.
std::string normal_key(const ColumnType& type, std::string_view text) {
  if (type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar) return std::string(text);
  if (text.starts_with('"')) text = text.substr(1, text.size() - 2);
  switch (type.kind) {
    case TypeKind::kFloat:
    case TypeKind::kDouble: {
      double number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      if (type.kind == TypeKind::kFloat) number = static_cast<float>(number);
      return fmt::to_string(number == 0 ? 0.0 : number);  // -0.0 is 0.0
    }
    case TypeKind::kDecimal:
    case TypeKind::kDatetime: {
      if (text.find('.') == std::string_view::npos) break;
      text = text.substr(0, text.find_last_not_of('0') + 1);
      if (text.ends_with('.')) text.remove_suffix(1);
      break;
    }
    default:
      break;
  }
  return std::string(text == "-0" ? "0" : text);
}

/// Without the blanks of RFC 8259 around it.
std::string_view trim(std::string_view json) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = json.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return json.substr(begin, json.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

Fit ValueWriter::within(std::string_view path, Fit fit) {
  if (fit != Fit::kOk) member_.insert(0, path);
  return fit;
}

Fit ValueWriter::write_element(const ColumnType& type, std::string_view message, Site site) {
  WireValue value;
  if (site.depth > kMaxNesting) return refuse(std::string(kTooDeep));
  if (!read_value(message, value)) return refuse("is damaged");
  if (value.kind == ValueKind::kNone) return refuse("has no member that this version knows");
  if (value.kind == ValueKind::kNull) {
    out_.append("null");
    return Fit::kOk;
  }
  return write_typed(type, value, site);
}

Fit ValueWriter::write_json(const ColumnType& type, const WireValue& value, Site site) {
  if (csv() && site.place == Place::kNested) return not_carried("is JSON within another type");
  if (value.kind == ValueKind::kBytes) return refuse_kind(type, value);
  // What a JSON load makes of these depends on the version: null is SQL NULL, and newer ones parse
  // what a string holds (starrocks-load-protocol.md 11.4).
  constexpr std::string_view kNotKept =
      "is a JSON null or a JSON string, which a load in JSON does not keep";
  // Some versions take text that does not begin as an object, array or string does for the content
  // of a string (JsonValue::parse_json_or_string of StarRocks' sources, not the same in all of
  // them), others parse it (11.3). A body in JSON says what is meant to all.
  constexpr std::string_view kNotCarried =
      "is a JSON number, true, false or null, which not every StarRocks reads as such from CSV";
  const bool time = value.kind == ValueKind::kDate || value.kind == ValueKind::kDatetime ||
                    value.kind == ValueKind::kInstant;
  if (!csv() && time) return not_carried(std::string(kNotKept));
  if (value.kind != ValueKind::kString) {
    const bool number = value.kind == ValueKind::kInt ||
                        (value.kind == ValueKind::kDouble && std::isfinite(value.number));
    if (csv() && (number || value.kind == ValueKind::kBool))
      return not_carried(std::string(kNotCarried));
    const std::size_t start = out_.size();
    const Fit fit = write_natural(value, site);
    return fit == Fit::kOk && out_.size() - start > kMaxJsonBytes ? refuse_json_size() : fit;
  }
  const std::string_view text = trim(value.bytes);
  if (text.size() > kMaxJsonBytes) return refuse_json_size();
  if (!is_utf8(text) || !is_json(text)) {
    return refuse("is no JSON text; a text that is meant as a JSON string needs its quotes");
  }
  const std::string_view number = number_not_kept(text);
  if (!number.empty()) {
    constexpr std::size_t kMostShown = 40;
    return refuse(
        fmt::format("has the number {}{}, which StarRocks cannot keep in JSON: its "
                    "numbers are 64-bit integers and doubles; send it as a string",
                    number.substr(0, kMostShown), number.size() > kMostShown ? "..." : ""));
  }
  if (has_repeated_member(text)) {
    return refuse("has two members of one name in an object; StarRocks would keep one of them");
  }
  const bool marked = std::string_view("{[\"").find(text.front()) != std::string_view::npos;
  if (csv() && !marked) return not_carried(std::string(kNotCarried));
  if (!csv() && text == "null") {
    return refuse(
        "is a JSON null, which StarRocks keeps neither from JSON nor, in every version, from CSV");
  }
  if (!csv() && text.front() == '"') return not_carried(std::string(kNotKept));
  out_.append(text);
  return Fit::kOk;
}

Fit ValueWriter::refuse_json_size() {
  return refuse(
      fmt::format("is JSON of more than {} bytes, which is what StarRocks takes", kMaxJsonBytes));
}

Fit ValueWriter::write_array(const ColumnType& type, const WireValue& value, Site site) {
  if (value.kind != ValueKind::kList) return refuse_kind(type, value);
  if (type.children.empty()) {
    if (csv()) return not_carried("is an ARRAY whose element type is not known");
    return write_natural(value, site);
  }
  std::vector<std::string_view> elements;
  if (!read_elements(value.bytes, elements)) return refuse("is damaged");
  out_.append('[');
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) out_.append(',');
    const Fit fit =
        write_element(type.children[0], elements[i], Site{Place::kNested, site.depth + 1});
    if (fit != Fit::kOk) return within(fmt::format(".list_value.values[{}]", i), fit);
  }
  out_.append(']');
  return Fit::kOk;
}

Fit ValueWriter::write_map_key(const ColumnType& type, std::string_view message, Site site) {
  WireValue key;
  if (!read_value(message, key)) return refuse("is damaged");
  if (key.kind == ValueKind::kNull || key.kind == ValueKind::kNone) {
    return refuse("is NULL or has no member, which no MAP key may");
  }
  if (!type.children.empty() || type.kind == TypeKind::kJson || type.kind == TypeKind::kUnknown) {
    return refuse(
        fmt::format("is a MAP key of type {}, which StarRocks does not have", to_string(type)));
  }
  if (type.kind == TypeKind::kVarbinary) return write_binary(type, key, site);  // says why not
  if (csv()) return write_typed(type, key, site);
  const bool text = type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar;
  if (key.kind == ValueKind::kString && text) {
    return write_typed(type, key, site);
  }
  // Names of JSON members are strings: the text of a CSV field in quotes.
  TextBuffer field(32);
  ValueWriter writer(Target::kCsv, zone_, field);
  const Fit fit = writer.write_typed(type, key, Site{});
  if (fit != Fit::kOk) return refuse(writer.problem());
  append_json_string(out_, field.view());
  return Fit::kOk;
}

Fit ValueWriter::write_map(const ColumnType& type, const WireValue& value, Site site) {
  if (value.kind != ValueKind::kMap) return refuse_kind(type, value);
  if (type.children.size() != 2) {
    if (csv()) return not_carried("is a MAP whose types are not known");
    return write_natural(value, site);
  }
  WireEntries entries;
  if (!read_entries(value.bytes, entries)) return refuse("is damaged");
  if (entries.names.size() != entries.values.size()) {
    return refuse(
        fmt::format("has {} keys and {} values", entries.names.size(), entries.values.size()));
  }
  std::vector<std::string> keys;
  const Site inside{Place::kNested, site.depth + 1};
  out_.append('{');
  for (std::size_t i = 0; i < entries.names.size(); ++i) {
    if (i > 0) out_.append(',');
    const std::size_t key_start = out_.size();
    Fit fit = write_map_key(type.children[0], entries.names[i], inside);
    if (fit != Fit::kOk) return within(fmt::format(".map_value.keys[{}]", i), fit);
    keys.push_back(normal_key(type.children[0], out_.view().substr(key_start)));
    out_.append(':');
    fit = write_element(type.children[1], entries.values[i], inside);
    if (fit != Fit::kOk) return within(fmt::format(".map_value.values[{}]", i), fit);
  }
  out_.append('}');
  if (has_duplicate(std::move(keys)))
    return refuse("has a key twice; StarRocks would keep one of them");
  return Fit::kOk;
}

Fit ValueWriter::write_struct(const ColumnType& type, const WireValue& value, Site site) {
  if (value.kind != ValueKind::kStruct) return refuse_kind(type, value);
  if (csv()) return not_carried("is a STRUCT");
  if (type.children.empty()) return write_natural(value, site);
  WireEntries entries;
  if (!read_entries(value.bytes, entries)) return refuse("is damaged");
  if (entries.names.size() != entries.values.size() ||
      entries.names.size() != type.children.size()) {
    return refuse(fmt::format("has {} names and {} values, but {} has {} fields",
                              entries.names.size(), entries.values.size(), to_string(type),
                              type.children.size()));
  }
  out_.append('{');
  for (std::size_t field = 0; field < type.field_names.size(); ++field) {
    const auto is_field = [&type, field](std::string_view name) {
      return same_column(name, type.field_names[field]);
    };
    const auto found = std::find_if(entries.names.begin(), entries.names.end(), is_field);
    if (found == entries.names.end()) {
      return refuse(fmt::format("lacks the field '{}'", type.field_names[field]));
    }
    const auto index = static_cast<std::size_t>(found - entries.names.begin());
    if (field > 0) out_.append(',');
    append_json_string(out_, type.field_names[field]);
    out_.append(':');
    const Fit fit = write_element(type.children[field], entries.values[index],
                                  Site{Place::kNested, site.depth + 1});
    if (fit != Fit::kOk) return within(fmt::format(".struct_value.values[{}]", index), fit);
  }
  out_.append('}');
  return Fit::kOk;
}

Fit ValueWriter::write_natural(const WireValue& value, Site site) {
  NaturalJson json(zone_, out_);
  if (json.write(value, site.depth)) return Fit::kOk;
  member_ = json.member();
  return refuse(json.problem());
}

Fit ValueWriter::write_natural_text(const ColumnType& type, const WireValue& value, Site site) {
  TextBuffer text(256);
  NaturalJson json(zone_, text);
  if (!json.write(value, site.depth)) {
    member_ = json.member();
    return refuse(json.problem());
  }
  WireValue as_string;
  as_string.kind = ValueKind::kString;
  as_string.bytes = text.view();
  return write_string(type, as_string, site);
}

}  // namespace loadstar::ingest
