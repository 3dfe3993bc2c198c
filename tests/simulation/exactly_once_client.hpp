#pragma once

#include "core/base/signal.hpp"
#include "core/base/task_group.hpp"
#include "tests/simulation/client_faults.hpp"
#include "tests/simulation/cluster.hpp"
#include "tests/simulation/exactly_once_oracle.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace loadstar::simulation {

/// What the clients of one run share.
struct ClientWorld {
  boost::asio::io_context& io;
  const ExactlyOncePlan& plan;
  Cluster& cluster;
  SimulatedStarrocks& starrocks;
  MishapPlan& mishaps;
  ExactlyOnceOracle& oracle;
};

/// One incarnation of an exactly-once client, exactly as ingest-api.md 3.11 has it: it shares
/// nothing with other incarnations of its writer but the durable record. A sender keeps the stream
/// open and cuts the source into batches and checkpoints; beside it a committer takes each
/// checkpoint through Checkpoint, save and Commit. Single-threaded.
class ExactlyOnceClient final : public std::enable_shared_from_this<ExactlyOnceClient> {
 public:
  ExactlyOnceClient(ClientWorld& world, SimulatedWriter& writer, std::uint64_t random_seed,
                    Signal& changed);

  /// From claiming an epoch to the end of the source, a crash, or the discovery of a successor.
  asio::awaitable<void> run();

  /// Dies at its next step; what a call under way comes to, nobody learns.
  void crash();
  /// It may go on as it is, but not start over.
  void retire() { retired_ = true; }
  [[nodiscard]] bool over() const { return over_; }

 private:
  using Process = std::shared_ptr<DaemonProcess>;
  struct Kept {
    std::uint64_t sequence = 0;
    std::uint64_t checkpoint = 0;
    std::size_t end = 0;  ///< position of the source behind it
    std::string message;
  };
  struct Cut {
    std::uint64_t checkpoint = 0;
    std::uint64_t last_sequence = 0;
    std::size_t end = 0;
  };
  struct Stream {
    Process process;
    std::shared_ptr<txn::WriteStream> stream;
    bool ended = false;
    std::optional<Refusal> refusal;
  };
  /// How a call ended, as the client sees it.
  template <class T>
  using Reply = std::optional<Answer<T>>;  // nullopt: nothing is known

  // exactly_once_client.cpp: epochs, stream
  asio::awaitable<bool> claim();
  asio::awaitable<void> serve_epoch();
  asio::awaitable<void> send_rows();
  asio::awaitable<std::shared_ptr<Stream>> open();
  void on_opened(Stream& stream);
  asio::awaitable<bool> send_next(std::shared_ptr<Stream> stream);
  asio::awaitable<void> listen(std::shared_ptr<Stream> stream);
  void on_ack(const txn::Ack& ack);

  // exactly_once_client_rows.cpp: batches and checkpoints
  [[nodiscard]] bool cut_batch();
  void end_checkpoint();
  [[nodiscard]] std::string message_of(const Kept& batch, std::size_t first) const;

  // exactly_once_client_calls.cpp: phase one, the decision, phase two
  asio::awaitable<void> commit_checkpoints();
  asio::awaitable<std::optional<std::string>> checkpoint(Cut cut);
  asio::awaitable<bool> save(Cut cut, std::string token);
  asio::awaitable<bool> commit(std::string token, std::uint64_t checkpoint, std::size_t position);
  asio::awaitable<void> commit_in_background(std::string token, std::uint64_t checkpoint,
                                             std::size_t position);
  asio::awaitable<void> give_up();
  asio::awaitable<Reply<txn::CheckpointOutcome>> call_checkpoint(Process process, Cut cut,
                                                                 Mishap mishap);
  asio::awaitable<Reply<txn::CommitOutcome>> call_commit(std::string token, Mishap mishap);
  asio::awaitable<void> repeat_open(txn::OpenRequest request);
  asio::awaitable<void> repeat_checkpoint(txn::CheckpointRequest request, std::size_t at);
  asio::awaitable<void> repeat_commit(txn::CommitRequest request);
  asio::awaitable<void> repeat_abort(txn::AbortRequest request);
  /// Abort there; what was answered is compared with the labels.
  asio::awaitable<void> abort_at(Process process, txn::AbortRequest request);
  /// What a refusal means for this incarnation; true: call again.
  bool judge(const Refusal& refusal);

  asio::awaitable<Mishap> begin_step(Step step);
  asio::awaitable<void> end_step(Mishap mishap);
  asio::awaitable<void> pause(std::uint64_t most_ms);
  [[nodiscard]] Process any_daemon();
  [[nodiscard]] std::uint64_t max_pending() const;
  [[nodiscard]] bool may_go_on() const { return !crashed_ && !epoch_over_ && !exits_; }
  void wake();

  ClientWorld& world_;
  SimulatedWriter& writer_;
  Random random_;
  Signal& changed_;  // of the run: somebody is over
  Signal progress_;  // of this client
  TaskGroup tasks_;  // of the epoch
  TaskGroup late_;   // repetitions that are still in the network
  bool crashed_ = false;
  bool retired_ = false;
  bool exits_ = false;
  bool over_ = false;

  // Of the epoch.
  ClientRecord record_;
  bool epoch_over_ = false;
  unsigned opens_ = 0;
  std::size_t at_ = 0;               // the daemon
  Process process_;                  // of the newest stream
  std::size_t position_ = 0;         // first row that is in no batch
  std::uint64_t next_sequence_ = 1;  // of the next batch that is cut
  std::uint64_t next_to_send_ = 1;
  std::uint64_t checkpoint_ = 1;  // of the next batch that is cut
  std::uint64_t committed_ = 0;   // newest checkpoint that is known to be committed
  std::uint64_t saved_ = 0;       // newest checkpoint whose token is durable
  bool skips_commit_ = false;     // the notice of the last checkpoint is lost
  bool recovered_ = false;        // an Open of this epoch was answered
  unsigned declined_ = 0;         // in a row
  std::deque<Kept> kept_;
  std::deque<Cut> cuts_;
  std::map<std::uint64_t, std::size_t> ends_;  // sequence -> position behind it
};

}  // namespace loadstar::simulation
