#pragma once

#include "core/base/deadline.hpp"
#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/reason.hpp"
#include "core/base/task_group.hpp"
#include "core/options.hpp"
#include "core/starrocks/client.hpp"
#include "core/txn/api.hpp"
#include "core/txn/candidates.hpp"
#include "core/txn/resume_token.hpp"
#include "core/txn/rollback_queue.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace loadstar::txn {

namespace asio = boost::asio;

/// What a candidate that StarRocks has committed means to the one who asks for a rollback.
enum class WhatIsCommitted {
  kIsStale,  ///< the token ought to have named it: the client went back to an old state
  kIsLeft,   ///< nothing: only what is not committed is to go (Abort without a token)
};

/// What became of a search.
struct RolledBack {
  unsigned transactions = 0;  ///< rolled back by it
  /// Labels that were ABORTED before it.
  std::set<std::string> were_aborted;
  /// Transactions that StarRocks did not tell of in time, or that were not seen ended.
  bool complete = true;
  std::optional<Error> last_error;
  /// Epochs up to this one were not looked at, because there were too many (kMaxReads); 0: none.
  std::uint64_t not_looked_at = 0;
};

/// Asks StarRocks for the transactions that earlier epochs may have left (CandidateRange), several
/// at a time, and rolls back what nobody will commit (ingest-api.md 4.3).
///
/// Confined to: `strand`. References outlive it. Its calls are not cancelled; they end at their
/// deadline or at stop().
class CandidateSearch {
 public:
  CandidateSearch(asio::any_io_executor strand, starrocks::Client& client, Metrics& metrics,
                  const CoreOptions& options, RollbackQueue& rollbacks, Logger logger);

  /// See TransactionControl::roll_back(); one at a time per writer. `known`: labels of the range
  /// that somebody here knows to be there, wherever in it they are.
  asio::awaitable<Answer<RolledBack>> roll_back(CandidateRange range, ResumeToken token,
                                                std::set<std::string> known,
                                                WhatIsCommitted committed, Deadline deadline);

  /// See TransactionControl::check_unused().
  asio::awaitable<Answer<Done>> check_unused(CandidateRange range, std::uint64_t epoch,
                                             Deadline deadline);

  /// Searches under way end at once, and those that come.
  void stop();

 private:
  struct Search;
  struct Traces;

  asio::awaitable<void> probe(Search& search);
  asio::awaitable<void> probe_known(Search& search);
  asio::awaitable<std::optional<starrocks::LabelState>> look_at(Search& search, std::string label);
  asio::awaitable<void> roll_back_candidate(Search& search, std::string label);
  asio::awaitable<void> look_for_traces(Traces& traces);
  asio::awaitable<std::optional<starrocks::LabelState>> ask_until(Traces& traces,
                                                                  std::string label);

  asio::any_io_executor strand_;
  starrocks::Client& client_;
  Metrics& metrics_;
  const CoreOptions& options_;
  RollbackQueue& rollbacks_;
  Logger logger_;
  bool stopping_ = false;
  std::set<TaskGroup*> working_;  // workers of the searches under way
};

}  // namespace loadstar::txn
