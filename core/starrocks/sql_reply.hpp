#pragma once

#include "core/http/message.hpp"
#include "core/starrocks/client.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace loadstar::starrocks {

/// Reads the reply of the FE's SQL endpoint: newline-delimited JSON, one object a line, with
/// `meta`, `data`, `connectionId` or `statistics` (8.7). Numbers and booleans become text.
///
/// Errors, certainty kNotApplied because only queries are asked: kUnsupported for an FE without the
/// endpoint, kRejected with the message of an error envelope (or what classify_message() says of
/// it), kMalformedReply for anything else, for example a row that is shorter than `meta`.
[[nodiscard]] Result<SqlResult> parse_sql_reply(const http::Response& response);

/// Where `result` has the column `name`, in any case; nullopt if it has none.
[[nodiscard]] std::optional<std::size_t> column_of(const SqlResult& result, std::string_view name);

/// `text` as an SQL string literal with its quotes.
[[nodiscard]] std::string sql_literal(std::string_view text);

}  // namespace loadstar::starrocks
