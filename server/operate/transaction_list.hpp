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
  std::string begun;  ///< as StarRocks writes it; empty if it did not tell
};

/// The id of `database` in the answer to `SHOW PROC '/transactions'`; nullopt if it is not listed.
[[nodiscard]] std::optional<std::string> database_id(const starrocks::SqlResult& databases,
                                                     std::string_view database);

/// Transactions of `SHOW PROC '/transactions/<id>/running'` whose label is one of ours: of
/// `prefix`, and parsed back (starrocks/label.hpp). Columns are found by name, because releases
/// differ in them.
[[nodiscard]] std::vector<ListedTransaction> ours(const starrocks::SqlResult& running,
                                                  std::string_view prefix);

/// Columns for people, the label first; "none" for an empty list.
[[nodiscard]] std::string render(const std::vector<ListedTransaction>& transactions);

/// What `txn abort` does with a transaction in `state`.
enum class AbortVerdict {
  kNothingToDo,  ///< it is aborted, or StarRocks does not know it
  kRollBack,     ///< PREPARE: its rows were never promised to anybody
  kAskFirst,     ///< PREPARED: a client may have decided it; aborting loses its rows
  kRefuse,       ///< COMMITTED, VISIBLE
};
[[nodiscard]] AbortVerdict judge_abort(starrocks::LabelState state);

}  // namespace loadstar::server
