#include "core/starrocks/sql_reply.hpp"

#include "core/base/ascii.hpp"
#include "core/starrocks/bounded_json.hpp"
#include "core/starrocks/reply.hpp"
#include "core/starrocks/status.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <utility>

namespace loadstar::starrocks {
namespace {

using Json = nlohmann::json;

constexpr unsigned kOk = 200;

Error failed(Errc code, std::string detail) {
  return Error{code, Certainty::kNotApplied, "sql: " + std::move(detail)};
}

Error malformed(std::string_view why) { return failed(Errc::kMalformedReply, std::string(why)); }

/// The error of a reply in the REST envelope; nullopt if `text` is none.
std::optional<Error> envelope_error(std::string_view text) {
  const auto reply = parse_reply(text);
  if (!reply || normalise_status(reply->status) == "ok") return std::nullopt;
  const Errc code = classify_message(reply->message).value_or(Errc::kRejected);
  return failed(code, printable(reply->message));
}

std::optional<std::string> text_of(const Json& value) {
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return value.get<std::string>();
  return value.dump();
}

/// Takes `meta` or `data` of one line; false if it has another shape than it should.
bool take_line(const Json& line, SqlResult& result) {
  const auto meta = line.find("meta");
  if (meta != line.end()) {
    if (!meta->is_array() || !result.columns.empty()) return false;
    for (const Json& column : *meta) {
      if (!column.is_object() || !column.contains("name") || !column["name"].is_string())
        return false;
      result.columns.push_back(column["name"].get<std::string>());
    }
  }
  const auto data = line.find("data");
  if (data != line.end()) {
    if (!data->is_array() || data->size() != result.columns.size()) return false;
    auto& row = result.rows.emplace_back();
    for (const Json& value : *data) row.push_back(text_of(value));
  }
  return true;
}

}  // namespace

Result<SqlResult> parse_sql_reply(const http::Response& response) {
  if (response.status != kOk) {
    // "HTTP 4xx/5xx with the REST envelope"; without one it is an FE that has no such endpoint.
    Error error = judge_http_status(response.status, response.body, false);
    auto said = envelope_error(response.body);
    const bool decided = error.code != Errc::kUnsupported && error.code != Errc::kUnexpectedStatus;
    if (said && !decided && response.status != 501) return std::move(*said);
    error.certainty = Certainty::kNotApplied;
    error.detail = "sql: " + error.detail;
    return error;
  }
  SqlResult result;
  bool has_meta = false;
  std::string_view rest = response.body;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto line = parse_bounded_json(text);
    if (!line) return malformed(line.error().detail);
    if (!line->is_object()) return malformed("a line is no JSON object");
    auto error = envelope_error(text);
    if (error) return std::move(*error);
    if (!take_line(*line, result)) return malformed("a line has an unexpected shape");
    has_meta = has_meta || line->contains("meta");
  }
  if (!has_meta) return malformed("the reply has no meta line");
  return result;
}

std::optional<std::size_t> column_of(const SqlResult& result, std::string_view name) {
  const std::string wanted = to_lower(name);
  for (std::size_t i = 0; i < result.columns.size(); ++i) {
    if (to_lower(result.columns[i]) == wanted) return i;
  }
  return std::nullopt;
}

std::string sql_literal(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') literal += '\\';
    literal += c;
  }
  return literal + "'";
}

}  // namespace loadstar::starrocks
