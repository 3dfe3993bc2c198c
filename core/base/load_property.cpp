#include "core/base/load_property.hpp"

#include "core/base/ascii.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace loadstar {
namespace {

using enum PropertySyntax;

constexpr std::array kProperties{
    LoadProperty{"where", kText, false,
                 "SQL condition over target columns; other rows are left out"},
    LoadProperty{"partitions", kText, false, "partitions to load into, `p1, p2`"},
    LoadProperty{"temporary_partitions", kText, false, "temporary partitions to load into"},
    LoadProperty{"column_separator", kSeparator, false, "between the fields of CSV"},
    LoadProperty{"row_delimiter", kSeparator, false, "between the rows of CSV"},
    LoadProperty{"max_filter_ratio", kRatio, false,
                 "share of bad rows that StarRocks may drop; above 0 it drops rows quietly"},
    LoadProperty{"strict_mode", kBoolean, false,
                 "true = a value that does not fit makes its row bad; false = it becomes NULL"},
    LoadProperty{"timezone", kTimeZone, false, "time zone of the load's SQL functions"},
    LoadProperty{"partial_update", kBoolean, false, "update only the columns that are sent"},
    LoadProperty{"partial_update_mode", kUpdateMode, false,
                 "row, auto or column; from StarRocks 3.1"},
    LoadProperty{"merge_condition", kText, false,
                 "column whose value must grow for an update to be taken"},
    LoadProperty{"jsonpaths", kJsonPaths, false, "JSON array of paths, one for each column"},
    LoadProperty{"json_root", kJsonPath, false, "path of the element that holds the rows"},
    LoadProperty{"enclose", kSingleByte, true, "encloses CSV fields; from StarRocks 3.0"},
    LoadProperty{"escape", kSingleByte, true, "escapes specials in CSV fields; from StarRocks 3.0"},
    LoadProperty{"trim_space", kBoolean, true,
                 "trims blanks around CSV fields; from StarRocks 3.0"},
    LoadProperty{"negative", kBoolean, false,
                 "subtract from SUM columns; not for primary key tables"},
    LoadProperty{"load_mem_limit", kCount, false,
                 "bytes of memory on the backend; 0 = its default"},
    LoadProperty{"log_rejected_record_num", kRecordCount, true,
                 "bad rows that the backend logs; -1 = all; from StarRocks 3.1"},
    LoadProperty{"transmission_compression_type", kCompression, false,
                 "compression between backends"},
    LoadProperty{"load_dop", kCount, false,
                 "parallelism on the backend; duplicate key tables only"},
    LoadProperty{"warehouse", kText, false, "warehouse that runs the load"},
    LoadProperty{"ignore_json_size", kBoolean, false, "lifts StarRocks' limit of 100 MB for JSON"},
    LoadProperty{"enable_merge_commit", kBoolean, true,
                 "StarRocks merges loads of many senders; at-least-once only; from 3.4"},
    LoadProperty{"merge_commit_interval_ms", kPositive, true, "how long StarRocks collects loads"},
    LoadProperty{"merge_commit_parallel", kPositive, true, "parallelism of the merged load"},
    LoadProperty{"merge_commit_async", kBoolean, true,
                 "must stay false: StarRocks would acknowledge before the rows are durable"},
};

struct Refused {
  std::string_view name;
  std::string_view why;
};

constexpr std::array kRefused{
    Refused{"label", "is made by the daemon; use `starrocks.label_prefix`"},
    Refused{"db", "is the database of the writer"},
    Refused{"database", "is the database of the writer"},
    Refused{"table", "is the table of the batch"},
    Refused{"format", "is not a header here; a batch has the field `format`"},
    Refused{"columns", "is not a header here; a batch has the field `columns`"},
    Refused{
        "timeout",
        "is set by the daemon; use `starrocks.request_timeout` or `starrocks.transaction_timeout`"},
    Refused{"prepared_timeout", "is set by the daemon; use `starrocks.prepared_timeout`"},
    Refused{"idle_transaction_timeout",
            "is not sent; `starrocks.transaction_timeout` bounds a load"},
    Refused{"transaction_type", "is set by the daemon; use `protocol`"},
    Refused{"channel_id", "is set by the daemon; use `parallelism`"},
    Refused{"channel_num", "is set by the daemon; use `parallelism`"},
    Refused{"expect", "is set by the daemon; use `starrocks.expect_continue_timeout`"},
    Refused{"authorization",
            "is set by the daemon; use `starrocks.user` and `starrocks.password_file`"},
    Refused{"user", "is set by the daemon; use `starrocks.user`"},
    Refused{"password", "is set by the daemon; use `starrocks.password_file`"},
    Refused{"host", "is set by the daemon; use `starrocks.load_urls`"},
    Refused{"content-length", "is set by the daemon from the payload"},
    Refused{"content-type", "is set by the daemon from the payload"},
    Refused{"content-encoding", "is set by the daemon; use the table's `compression`"},
    Refused{"compression", "is not a header here; use the table's `compression`"},
    Refused{"transfer-encoding", "is set by the daemon from the payload"},
    Refused{"connection", "is set by the daemon"},
    Refused{"strip_outer_array", "is set by the daemon from the format of the batch"},
    Refused{"skip_header",
            "is not supported: batches are joined into one payload; leave the header out"},
    Refused{"two_phase_commit", "is a header of Doris, not of StarRocks; use `protocol`"},
    Refused{"group_commit", "is a header of Doris, not of StarRocks; use `enable_merge_commit`"},
    Refused{"merge_type", "is a header of Doris, not of StarRocks; rows say it themselves"},
    Refused{"delete", "is a header of Doris, not of StarRocks; rows say it themselves"},
    Refused{"read_json_by_line", "is a header of Doris, not of StarRocks"},
    Refused{"fuzzy_parse", "is a header of Doris, not of StarRocks"},
    Refused{"num_as_string", "is a header of Doris, not of StarRocks"},
    Refused{"sequence_col", "is a header of Doris, not of StarRocks; use `merge_condition`"},
};

constexpr std::array<std::string_view, 7> kCompressions{
    "NO_COMPRESSION", "AUTO", "LZ4", "LZ4_FRAME", "SNAPPY", "ZLIB", "ZSTD"};

constexpr std::size_t kMaxSeparator = 50;  // starrocks-load-protocol.md 4.2

bool is_digit(char character) { return character >= '0' && character <= '9'; }

bool is_letter(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

bool is_control(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return byte < 0x20 || byte == 0x7F;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// Digits that fit into StarRocks' signed 64-bit numbers, from `least` on.
bool is_count(std::string_view text, std::int64_t least) {
  std::int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  return all_digits(text) && result.ec == std::errc() && result.ptr == end && value >= least;
}

/// `0`, `1`, `0.25`, `1.0`: StarRocks itself takes garbage for 0 (4.2).
bool is_ratio(std::string_view text) {
  const std::size_t point = text.find('.');
  if (!all_digits(text.substr(0, point))) return false;
  if (point != std::string_view::npos && !all_digits(text.substr(point + 1))) return false;
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value <= 1.0;
}

bool is_json_paths(std::string_view text) {
  const auto document = nlohmann::json::parse(text, nullptr, false);
  return document.is_array() && !document.empty() &&
         std::all_of(document.begin(), document.end(),
                     [](const nlohmann::json& path) { return path.is_string(); });
}

int hex_digit(char character) {
  if (is_digit(character)) return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

DecodedSeparator refused_separator(std::string error) { return {{}, std::move(error)}; }

DecodedSeparator decode_hex(std::string_view digits) {
  if (digits.empty() || digits.size() % 2 != 0) {
    return refused_separator("has no even number of hexadecimal digits; write it such as \\x01");
  }
  DecodedSeparator result;
  for (std::size_t index = 0; index < digits.size(); index += 2) {
    const int high = hex_digit(digits[index]);
    const int low = hex_digit(digits[index + 1]);
    if (high < 0 || low < 0) {
      return refused_separator("has a digit that is not hexadecimal; write it such as \\x01");
    }
    result.bytes += static_cast<char>(high * 16 + low);
  }
  return result;
}

std::string decode_literal(std::string_view text) {
  std::string bytes;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const std::string_view two = text.substr(index, 2);
    if (two == "\\t" || two == "\\n") {
      bytes += two == "\\t" ? '\t' : '\n';
      ++index;
    } else {
      bytes += text[index];
    }
  }
  return bytes;
}

/// The bytes of a separator property, or of StarRocks' default for it.
std::string separator_bytes(const std::map<std::string, std::string>& properties,
                            const std::string& name, std::string_view default_bytes) {
  const auto found = properties.find(name);
  if (found == properties.end()) return std::string(default_bytes);
  return decode_separator(found->second).bytes;
}

}  // namespace

std::span<const LoadProperty> load_properties() { return kProperties; }

const LoadProperty* find_load_property(std::string_view name) {
  const auto found =
      std::find_if(kProperties.begin(), kProperties.end(),
                   [name](const LoadProperty& property) { return property.name == name; });
  return found == kProperties.end() ? nullptr : &*found;
}

std::optional<std::string_view> why_not_a_property(std::string_view name) {
  // HTTP header names compare without case (RFC 9110 5.1).
  const auto found = std::find_if(kRefused.begin(), kRefused.end(), [name](const Refused& refused) {
    return equal_ignoring_case(refused.name, name);
  });
  if (found == kRefused.end()) return std::nullopt;
  return found->why;
}

std::optional<std::string> check_property_value(const LoadProperty& property,
                                                std::string_view value) {
  if (value.size() > kMaxHeaderValue) {
    return fmt::format("has {} bytes; a header value has at most {}", value.size(),
                       kMaxHeaderValue);
  }
  if (property.syntax != kSeparator && std::any_of(value.begin(), value.end(), is_control)) {
    return "has a control byte, which no header can carry";
  }
  const auto unless = [](bool good, std::string_view hint) -> std::optional<std::string> {
    if (good) return std::nullopt;
    return std::string(hint);
  };
  switch (property.syntax) {
    case kText:
      return unless(!value.empty(), "is empty; leave the property out");
    case kBoolean:
      return unless(value == "true" || value == "false", "is not a boolean; write true or false");
    case kRatio:
      return unless(is_ratio(value), "is not a decimal number from 0 to 1");
    case kCount:
      return unless(is_count(value, 0), "is not a whole number from 0");
    case kPositive:
      return unless(is_count(value, 1), "is not a whole number from 1");
    case kRecordCount:
      return unless(value == "-1" || is_count(value, 0), "is not a whole number from -1");
    case kSeparator: {
      auto decoded = decode_separator(value);
      if (decoded.ok()) return std::nullopt;
      return std::move(decoded.error);
    }
    case kSingleByte:
      return unless(value.size() == 1 && value[0] > ' ' && value[0] < '\x7f',
                    "is not one printable ASCII character");
    case kTimeZone:
      return unless(is_time_zone(value), "is not a time zone; write +08:00 or Asia/Shanghai");
    case kUpdateMode:
      return unless(value == "row" || value == "auto" || value == "column",
                    "is not an update mode; write row, auto or column");
    case kCompression:
      return unless(
          std::find(kCompressions.begin(), kCompressions.end(), value) != kCompressions.end(),
          fmt::format("is not a compression; write one of {}", fmt::join(kCompressions, ", ")));
    case kJsonPaths:
      return unless(is_json_paths(value), "is not a JSON array of strings, such as [\"$.id\"]");
    case kJsonPath:
      return unless(value.starts_with('$'), "is not a JSON path; it begins with `$`");
  }
  return std::nullopt;
}

DecodedSeparator decode_separator(std::string_view text) {
  const std::string_view start = text.substr(0, 2);
  const bool hex = start == "\\x" || start == "\\X" || start == "0x" || start == "0X";
  DecodedSeparator result =
      hex ? decode_hex(text.substr(2)) : DecodedSeparator{decode_literal(text), {}};
  if (!result.ok()) return result;
  if (result.bytes.empty() || result.bytes.size() > kMaxSeparator) {
    return refused_separator(
        fmt::format("has {} bytes; a separator has 1 to {}", result.bytes.size(), kMaxSeparator));
  }
  const bool ascii = std::all_of(result.bytes.begin(), result.bytes.end(), [](char character) {
    return static_cast<unsigned char>(character) < 0x80;
  });
  if (!ascii) {
    return refused_separator("has a byte above 0x7F, which StarRocks does not take as it is");
  }
  return result;
}

std::string encode_separator(std::string_view bytes) {
  std::string text = "\\x";
  for (const char byte : bytes) text += fmt::format("{:02X}", static_cast<unsigned char>(byte));
  return text;
}

std::vector<PropertyConflict> find_property_conflicts(
    const std::map<std::string, std::string>& properties) {
  std::vector<PropertyConflict> conflicts;
  const auto refuse = [&conflicts](std::string_view name, std::string_view message) {
    conflicts.push_back({std::string(name), std::string(message), false});
  };
  const auto has = [&properties](const std::string& name) { return properties.contains(name); };

  if (has("column_separator") || has("row_delimiter")) {
    const std::string column = separator_bytes(properties, "column_separator", "\t");
    const std::string row = separator_bytes(properties, "row_delimiter", "\n");
    const std::string_view blamed = has("column_separator") ? "column_separator" : "row_delimiter";
    if (column == row) {
      refuse(blamed, "is the same as the other separator; rows and fields could not be told apart");
    } else if (column.find(row) != std::string::npos) {
      refuse(
          blamed,
          "makes the row delimiter a part of the column separator; every row would end within its "
          "first separator");
    }
  }
  if (has("partitions") && has("temporary_partitions")) {
    refuse("temporary_partitions", "goes not together with `partitions`; keep one of them");
  }
  if (has("enclose") && has("escape") && properties.at("enclose") == properties.at("escape")) {
    refuse("escape", "is the same character as `enclose`");
  }
  if (is_property_true(properties, "enable_merge_commit")) {
    for (const char* name : {"merge_commit_interval_ms", "merge_commit_parallel"}) {
      if (!has(name)) {
        refuse("enable_merge_commit", fmt::format("needs `{}`, which StarRocks requires", name));
      }
    }
    if (has("merge_condition")) {
      refuse("merge_condition", "has no effect with `enable_merge_commit`; remove one of them");
    }
    if (has("max_filter_ratio") &&
        properties.at("max_filter_ratio").find_first_of("123456789") != std::string::npos) {
      refuse(
          "max_filter_ratio",
          "above 0 StarRocks drops rows, and with `enable_merge_commit` it does not say how many; "
          "remove one of them");
      conflicts.back().breaks_promise = true;
    }
  }
  if (is_property_true(properties, "merge_commit_async")) {
    refuse("merge_commit_async",
           "must be false: StarRocks would say yes before the rows are durable");
    conflicts.back().breaks_promise = true;
  }
  return conflicts;
}

bool is_property_true(const std::map<std::string, std::string>& properties,
                      const std::string& name) {
  const auto found = properties.find(name);
  return found != properties.end() && found->second == "true";
}

bool is_time_zone(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) {
    if (text.size() != 6 || text[3] != ':' || !all_digits(text.substr(1, 2)) ||
        !all_digits(text.substr(4, 2))) {
      return false;
    }
    return text.substr(1, 2) <= "14" && text.substr(4, 2) <= "59";
  }
  const bool allowed = std::all_of(text.begin(), text.end(), [](char character) {
    return is_letter(character) || is_digit(character) || character == '_' || character == '/' ||
           character == '+' || character == '-';
  });
  return allowed && !text.empty() && is_letter(text.front()) && !text.ends_with('/') &&
         text.find("//") == std::string_view::npos;
}

}  // namespace loadstar
