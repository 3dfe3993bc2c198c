#pragma once

#include "core/starrocks/client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::server {

/// One transaction as `loadstar txn list` shows it.
struct ListedTransaction {
  std::string label;
  std::string state;
  std::string id;     ///< empty if StarRocks did not tell
  std::string begun;  ///< readable_time() of what StarRocks writes; empty if it did not tell
};

/// The id of `database` in the answer to `SHOW PROC '/transactions'`; nullopt if it is not listed.
[[nodiscard]] std::optional<std::string> database_id(const starrocks::SqlResult& databases,
                                                     std::string_view database);

/// Transactions of `SHOW PROC '/transactions/<id>/running'` whose label is one of ours: of
/// `prefix`, and parsed back (starrocks/label.hpp). Columns are found by name, because releases
/// differ in them.
[[nodiscard]] std::vector<ListedTransaction> ours(const starrocks::SqlResult& running,
                                                  std::string_view prefix);

/// What helps against `error` of such a SHOW PROC, to be written behind it: the privilege it needs,
/// if StarRocks refused the account; else empty.
[[nodiscard]] std::string_view advice_on_listing(const Error& error);

/// Milliseconds since 1970 as UTC in ISO 8601 ("2026-01-01T00:00:00Z"). Another text is returned as
/// it is: StarRocks may write a time of its own time zone, which it does not name.
[[nodiscard]] std::string readable_time(const std::string& text);

/// The bytes of a resume token from a file that holds them as they are or as hexadecimal text (as
/// tests/clients/python keeps them), with white space around it or not; nullopt if it holds
/// neither. Whether the token is a good one, decode_resume_token() says.
[[nodiscard]] std::optional<std::string> token_bytes(std::string_view content);

/// Columns for people, the label first; "none" for an empty list.
[[nodiscard]] std::string render(const std::vector<ListedTransaction>& transactions);

/// What `txn abort` does with a transaction in `state`.
enum class AbortVerdict {
  kNothingToDo,  ///< it is aborted
  kNotFound,     ///< StarRocks does not know it: a slip of the pen, or forgotten
  kRollBack,     ///< PREPARE: its rows were never promised to anybody
  kAskFirst,     ///< PREPARED: a client may have decided it; aborting loses its rows
  kRefuse,       ///< COMMITTED, VISIBLE
};
[[nodiscard]] AbortVerdict judge_abort(starrocks::LabelState state);

}  // namespace loadstar::server
