#pragma once

#include "core/base/random.hpp"
#include "core/base/signal.hpp"
#include "core/base/task_group.hpp"
#include "core/txn/writer_registry.hpp"
#include "tests/simulation/ledger.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace loadstar::simulation {

/// How a client of the simulation behaves.
struct ClientPlan {
  std::string name;   ///< also the writer_id of a named one
  bool named = true;  ///< numbered batches, resends what is not committed
  unsigned batches = 20;
  unsigned rows_max = 5;
  unsigned bad_percent = 0;    ///< of batches: contain a row that StarRocks refuses
  unsigned break_percent = 0;  ///< chance per batch that the stream breaks
  unsigned away_percent = 0;   ///< of breaks: for up to 90 s, longer than session_grace can be
  unsigned checkpoint_percent = 0;
  std::vector<std::string> tables;
};

/// One client: sends its rows, follows the watermarks, comes back after a break, and writes down in
/// the ledger what it was promised. It advances only by `committed_sequence`, as ingest-api.md 3.11
/// says.
class SimulatedClient {
 public:
  /// `daemon` gives the registry that serves now; it changes when the daemon is killed.
  SimulatedClient(boost::asio::io_context& io, Random& random, ClientPlan plan, Ledger& ledger,
                  std::function<std::shared_ptr<txn::WriterRegistry>()> daemon);

  /// Ends when all rows are committed or were refused for good.
  asio::awaitable<void> run();

  [[nodiscard]] bool finished() const { return finished_; }

 private:
  struct Batch {
    std::string table;
    std::vector<std::string> rows;
    bool bad = false;
    std::uint64_t sequence = 0;  ///< in this incarnation; 0 = not sent in it
  };
  struct Call;

  asio::awaitable<bool> open(Call& call);
  asio::awaitable<void> listen(std::shared_ptr<Call> call);
  asio::awaitable<bool> send_all(std::shared_ptr<Call> call);
  asio::awaitable<void> checkpoint(std::uint64_t sequence);
  void acknowledge(std::uint64_t committed);
  void settle_rejection(const Refusal& refusal);
  [[nodiscard]] SliceList message(const Batch& batch) const;

  boost::asio::io_context& io_;
  Random& random_;
  ClientPlan plan_;
  Ledger& ledger_;
  std::function<std::shared_ptr<txn::WriterRegistry>()> daemon_;
  TaskGroup tasks_;
  Signal ended_;
  std::deque<Batch> waiting_;  ///< not known to be committed, in order
  unsigned incarnations_ = 0;
  bool finished_ = false;
};

}  // namespace loadstar::simulation
