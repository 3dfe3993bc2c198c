#include "core/starrocks/version_reply.hpp"

#include "core/starrocks/bounded_json.hpp"
#include "core/starrocks/reply.hpp"
#include "core/starrocks/status.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace loadstar::starrocks {
namespace {

constexpr unsigned kOk = 200;

Error failed(Errc code, std::string detail) {
  return Error{code, Certainty::kNotApplied, std::move(detail)};
}

Error status_error(const http::Response& response) {
  const Error error = judge_http_status(response.status, response.body, false);
  return failed(error.code, error.detail);
}

}  // namespace

Result<Version> parse_feature(const http::Response& response) {
  if (response.status != kOk) return status_error(response);
  const auto json = parse_bounded_json(response.body);
  if (!json) return failed(Errc::kMalformedReply, "version: " + json.error().detail);
  const bool has_version =
      json->is_object() && json->contains("version") && (*json)["version"].is_string();
  const auto version =
      has_version ? parse_version((*json)["version"].get_ref<const std::string&>()) : std::nullopt;
  if (!version) return failed(Errc::kMalformedReply, "version: no version in the reply");
  return *version;
}

Result<Version> version_of(const SqlResult& result) {
  const bool has_value = result.rows.size() == 1 && result.rows[0].size() == 1 && result.rows[0][0];
  const auto version = has_value ? parse_version(*result.rows[0][0]) : std::nullopt;
  if (!version) return failed(Errc::kMalformedReply, "version: no version in the result");
  return *version;
}

Result<bool> judge_probe(const http::Response& response) {
  if (response.status != kOk) {
    Error error = status_error(response);
    if (error.code == Errc::kUnsupported) return false;
    return error;
  }
  const auto json = parse_bounded_json(response.body);
  return json && json->is_object() && json->contains("Status");
}

Result<void> judge_health(const http::Response& response) {
  if (response.status != kOk) return status_error(response);
  const auto reply = parse_reply(response.body);
  if (!reply) return failed(Errc::kMalformedReply, "health: " + reply.error().detail);
  if (normalise_status(reply->status) == "ok") return {};
  return failed(Errc::kRejected, "health: " + printable(reply->status));
}

bool will_never_answer(const Error& error) {
  return error.code == Errc::kUnsupported || error.code == Errc::kAccessDenied ||
         error.code == Errc::kNotFound;
}

bool is_for_another_source(const Result<TableSchema>& schema) {
  if (schema) return false;
  switch (schema.error().code) {
    case Errc::kUnsupported:
    case Errc::kMalformedReply:
    case Errc::kUnexpectedStatus:
    case Errc::kAccessDenied:
    case Errc::kRejected:
      return true;
    default:
      return false;
  }
}

}  // namespace loadstar::starrocks
