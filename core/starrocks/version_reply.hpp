#pragma once

#include "core/http/message.hpp"
#include "core/starrocks/client.hpp"

namespace loadstar::starrocks {

/// Targets of the two probes (8.6, 8.7).
inline constexpr const char* kFeatureTarget = "/api/v2/feature";
inline constexpr const char* kHealthTarget = "/api/health";

// Probes change nothing: every error has certainty kNotApplied.

/// `GET /api/v2/feature`: key `version` (3.2 and later). kUnsupported for an FE without it,
/// kMalformedReply if there is no version in the reply.
[[nodiscard]] Result<Version> parse_feature(const http::Response& response);

/// The one value of `SELECT current_version()`; kMalformedReply if it is no version.
[[nodiscard]] Result<Version> version_of(const SqlResult& result);

/// Whether the reply to request.hpp's probe_request() comes from the transaction interface: it has
/// the key `Status` (8.8). kBadCredentials and 5xx are errors.
[[nodiscard]] Result<bool> judge_probe(const http::Response& response);

/// `GET /api/health`: `status` is OK (8.6).
[[nodiscard]] Result<void> judge_health(const http::Response& response);

/// Whether an error of a question by SQL is for good (this version or this account cannot ask), and
/// not one that the next try may not meet.
[[nodiscard]] bool will_never_answer(const Error& error);

/// Whether a schema source has not answered about the table, so that the next one is asked: it does
/// not exist, was not understood, or needs a privilege that another may not.
[[nodiscard]] bool is_for_another_source(const Result<TableSchema>& schema);

}  // namespace loadstar::starrocks
