#include "server/push/push_arguments.hpp"

#include "config/address.hpp"
#include "core/base/ascii.hpp"
#include "core/base/load_property.hpp"
#include "server/convert.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace loadstar::server {
namespace {

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> items;
  for (;;) {
    const std::size_t at = text.find(separator);
    items.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return items;
    text.remove_prefix(at + separator.size());
  }
}

// At commas outside parentheses: "id,v=greatest(a,b)" has two items.
std::vector<std::string> split_columns(std::string_view text) {
  std::vector<std::string> items(1);
  int depth = 0;
  for (const char c : text) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ',' && depth == 0) {
      items.emplace_back();
    } else {
      items.back() += c;
    }
  }
  return items;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

v1::Format choose_format(const PushArguments& arguments) {
  if (arguments.format == "csv") return v1::FORMAT_CSV;
  if (arguments.format == "ndjson") return v1::FORMAT_NDJSON;
  for (const std::string_view extension : {".ndjson", ".jsonl", ".json"}) {
    if (arguments.file.ends_with(extension)) return v1::FORMAT_NDJSON;
  }
  return v1::FORMAT_CSV;
}

/// One value that has two names: an option of ours, and the load property that it becomes.
struct TwoNames {
  const char* option;
  const char* property;
};

/// The value of `names` by its option or its property, decoded; `fallback` if neither is given.
/// nullopt with `problem` if one is broken, or if they differ: rows are cut by one of them only.
std::optional<std::string> choose(const TwoNames& names, const std::string& typed,
                                  const v1::Batch& batch, std::string_view fallback,
                                  std::string& problem) {
  const auto found = batch.properties().find(names.property);
  std::optional<std::string> by_option;
  if (!typed.empty()) {
    by_option = unescape(typed);
    if (!by_option || by_option->empty()) {
      problem = fmt::format("{} takes text with \\t, \\n, \\r, \\\\ and \\xHH", names.option);
      return std::nullopt;
    }
  }
  if (found == batch.properties().end()) return by_option.value_or(std::string(fallback));
  const DecodedSeparator by_property = decode_separator(found->second);
  if (!by_property.ok()) {
    problem = fmt::format("--property {}={} {}", names.property, found->second, by_property.error);
    return std::nullopt;
  }
  if (by_option && *by_option != by_property.bytes) {
    problem = fmt::format("{} and --property {} say different things; keep one of them",
                          names.option, names.property);
    return std::nullopt;
  }
  return by_property.bytes;
}

/// `enclose` and `escape`, which are one byte each; '\0' if the property is not set.
std::optional<char> choose_byte(const v1::Batch& batch, const char* property,
                                std::string& problem) {
  const auto found = batch.properties().find(property);
  if (found == batch.properties().end()) return '\0';
  if (found->second.size() == 1) return found->second.front();
  problem = fmt::format("--property {} takes one character", property);
  return std::nullopt;
}

// Separators and enclosing of CSV into the plan and the properties of its batches. Rows are cut
// here by the same properties that StarRocks reads them by.
bool plan_csv(const PushArguments& arguments, PushPlan& plan, std::string& problem) {
  v1::Batch& batch = plan.target.prototype;
  auto& properties = *batch.mutable_properties();
  const auto separator =
      choose({"--column-separator", "column_separator"}, arguments.column_separator, batch,
             arguments.file.ends_with(".tsv") ? "\t" : ",", problem);
  if (!separator) return false;
  const auto delimiter =
      choose({"--row-delimiter", "row_delimiter"}, arguments.row_delimiter, batch, "\n", problem);
  if (!delimiter) return false;
  if (arguments.enclose.size() > 1) {
    problem = "--enclose takes one character";
    return false;
  }
  if (!arguments.enclose.empty()) {
    const auto [entry, added] = properties.insert({"enclose", arguments.enclose});
    if (!added && entry->second != arguments.enclose) {
      problem = "--enclose and --property enclose say different things; keep one of them";
      return false;
    }
  }
  const auto enclose = choose_byte(batch, "enclose", problem);
  const auto escape = choose_byte(batch, "escape", problem);
  if (!enclose || !escape) return false;
  plan.separator = *separator;
  plan.chunker.delimiter = *delimiter;
  plan.chunker.enclose = *enclose;
  plan.chunker.escape = *escape;
  plan.chunker.header = arguments.header;
  // Said in any case: the daemon's table may be configured for other ones. In hexadecimal, since
  // control bytes among others are refused.
  properties["column_separator"] = encode_separator(*separator);
  properties["row_delimiter"] = encode_separator(*delimiter);
  return true;
}

/// Names of properties have no case in StarRocks; in lower case they are found.
bool read_properties(const PushArguments& arguments, v1::Batch& batch, std::string& problem) {
  for (const std::string& property : arguments.properties) {
    const std::size_t equals = property.find('=');
    if (equals == 0 || equals == std::string::npos) {
      problem = fmt::format("--property '{}' is not NAME=VALUE", property);
      return false;
    }
    (*batch.mutable_properties())[to_lower(property.substr(0, equals))] =
        property.substr(equals + 1);
  }
  return true;
}

/// What gRPC would only say as "no daemon answers", after a while.
bool check_target(const std::string& target, std::string& problem) {
  constexpr std::string_view kForms = "write host:port, [IPv6]:port or unix:PATH";
  if (target.starts_with("unix:")) {
    if (target.size() > 5) return true;
    problem = fmt::format("--target '{}' has no path; {}", target, kForms);
    return false;
  }
  const auto address = config::parse_host_port(target);
  if (address.ok()) return true;
  const std::string& error = address.error();
  problem = fmt::format("--target '{}' {}; {}", target, error.substr(0, error.find(';')), kForms);
  return false;
}

}  // namespace

std::optional<PushPlan> plan_push(const PushArguments& arguments, std::string& problem) {
  PushPlan plan;
  const std::size_t dot = arguments.table.find('.');
  if (dot == 0 || dot == std::string::npos || dot + 1 == arguments.table.size()) {
    problem = fmt::format("'{}' is not DATABASE.TABLE", arguments.table);
    return std::nullopt;
  }
  if (!arguments.writer_id.empty() && !is_writer_id(arguments.writer_id)) {
    problem = "--writer-id must match [A-Za-z0-9_]{1,48}";
    return std::nullopt;
  }
  if (!check_target(arguments.server, problem)) return std::nullopt;
  plan.target.database = arguments.table.substr(0, dot);
  v1::Batch& batch = plan.target.prototype;
  batch.set_table(arguments.table.substr(dot + 1));
  batch.set_format(choose_format(arguments));
  const bool csv = batch.format() == v1::FORMAT_CSV;
  const bool csv_only = !arguments.column_separator.empty() || !arguments.row_delimiter.empty() ||
                        !arguments.enclose.empty() || arguments.header;
  if (!csv && csv_only) {
    problem = "--column-separator, --row-delimiter, --enclose and --header are for CSV";
    return std::nullopt;
  }
  if (!read_properties(arguments, batch, problem)) return std::nullopt;
  if (csv && !plan_csv(arguments, plan, problem)) return std::nullopt;
  if (!arguments.columns.empty()) set_columns(split_columns(arguments.columns), batch);
  plan.chunker.target = arguments.batch_bytes;
  plan.chunker.max_rows = arguments.batch_rows;
  plan.session.retry_for = std::chrono::seconds(arguments.retry_seconds);
  return plan;
}

/// The bytes of "\\x0D0A" or "0x0D0A", StarRocks' own way to write a separator
/// (starrocks-load-protocol.md 10); nullopt if `text` is something else.
std::optional<std::string> from_hexadecimal(std::string_view text) {
  const bool marked = text.starts_with("\\x") || text.starts_with("0x");
  const std::string_view digits = marked ? text.substr(2) : std::string_view();
  if (digits.empty() || digits.size() % 2 != 0) return std::nullopt;
  std::string result;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned value = 0;
    const char* const at = digits.data() + i;
    const auto [end, error] = std::from_chars(at, at + 2, value, 16);
    if (error != std::errc() || end != at + 2) return std::nullopt;
    result += static_cast<char>(value);
  }
  return result;
}

std::optional<std::string> unescape(std::string_view text) {
  if (auto bytes = from_hexadecimal(text)) return bytes;
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    switch (text[i]) {
      case 't':
        result += '\t';
        break;
      case 'n':
        result += '\n';
        break;
      case 'r':
        result += '\r';
        break;
      case '\\':
        result += '\\';
        break;
      case 'x': {
        const std::string_view digits = text.substr(i + 1, 2);
        unsigned value = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (error != std::errc() || digits.size() != 2 || end != digits.data() + 2)
          return std::nullopt;
        result += static_cast<char>(value);
        i += 2;
        break;
      }
      default:
        return std::nullopt;
    }
  }
  return result;
}

std::vector<std::string> split_header(std::string_view row, std::string_view separator) {
  std::vector<std::string> names;
  for (const std::string& item : split(row, separator)) {
    std::string_view name = trim(item);
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
      name = name.substr(1, name.size() - 2);
    }
    names.emplace_back(name);
  }
  return names;
}

void set_columns(const std::vector<std::string>& items, v1::Batch& batch) {
  for (const std::string& item : items) {
    const std::string text(trim(item));
    if (text.find('=') == std::string::npos) {
      batch.add_columns(text);
    } else {
      batch.add_column_expressions(text);
    }
  }
}

}  // namespace loadstar::server
