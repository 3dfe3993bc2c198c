#pragma once

#include "core/txn/write_stream.hpp"
#include "server/writers.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace loadstar::server::test {

/// Waits on the test's thread for what happens on others; a bound keeps a broken test from hanging.
class Watched {
 public:
  /// False if `condition` did not come true within half a minute.
  bool wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }

 protected:
  template <class Change>
  void update(const Change& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }
  template <class Look>
  auto look(const Look& look) const {
    const std::lock_guard lock(mutex_);
    return look();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
};

/// A WriteStream that notes what it is told and says what the test wants. Thread-safe.
class FakeStream final : public txn::WriteStream, public Watched {
 public:
  /// `patient`: a half-close ends it only once all its messages were said to be committed, as
  /// core's do; otherwise at once.
  FakeStream(const asio::any_io_executor& executor, txn::Opened opened, bool patient);
  ~FakeStream() override = default;

  // For the test.
  void say(txn::StreamEvent event);
  /// From now on append() waits; release() lets everything through.
  void hold();
  void release();
  /// The next append() is refused and the stream ends with `refusal`.
  void refuse_next(Refusal refusal);
  [[nodiscard]] std::vector<std::string> messages() const;
  [[nodiscard]] std::size_t message_count() const;
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] bool half_closed() const;
  [[nodiscard]] bool disconnected() const;
  bool wait_messages(std::size_t count);
  bool wait_half_closed();
  bool wait_disconnected();
  /// Messages are counted, not kept.
  void keep_nothing();

  // WriteStream.
  [[nodiscard]] const txn::Opened& opened() const override { return opened_; }
  [[nodiscard]] asio::any_io_executor executor() const override { return strand_; }
  asio::awaitable<Answer<Done>> append(SliceList message) override;
  void half_close() override;
  void disconnect() override;
  asio::awaitable<txn::StreamEvent> next_event() override;

 private:
  using Events =
      asio::experimental::concurrent_channel<asio::any_io_executor,
                                             void(boost::system::error_code, txn::StreamEvent)>;
  using Permits = asio::experimental::concurrent_channel<asio::any_io_executor,
                                                         void(boost::system::error_code)>;

  void send(txn::StreamEvent event);
  void end(std::optional<Refusal> refusal);
  void end_if_settled();

  asio::any_io_executor strand_;
  txn::Opened opened_;
  bool patient_;
  Events events_;
  Permits permits_;
  std::vector<std::string> messages_;
  std::size_t count_ = 0;
  std::uint64_t committed_ = 0;  // sequence that the test has acknowledged
  std::uint64_t bytes_ = 0;
  bool keep_ = true;
  bool held_ = false;
  bool half_closed_ = false;
  bool disconnected_ = false;
  bool ended_ = false;
  std::optional<Refusal> refuse_next_;
};

/// Core as the services see it. Thread-safe.
class FakeWriters final : public Writers, public Watched {
 public:
  explicit FakeWriters(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  // For the test.
  void refuse_opens(std::optional<Refusal> refusal);
  void answer_opens(txn::Opened opened);
  void answer_checkpoints(std::optional<Refusal> refusal);
  void answer_checkpoints_with(txn::CheckpointOutcome outcome);
  void answer_commits(Answer<txn::CommitOutcome> answer);
  void answer_aborts(Answer<txn::AbortOutcome> answer);
  void set_report(txn::StatusReport report);
  void set_schema(Answer<TableSchema> schema);
  /// From now on streams are opened as patient ones.
  void be_patient();
  /// The stream of the n-th Open (from 0), waited for.
  std::shared_ptr<FakeStream> stream(std::size_t n);
  [[nodiscard]] std::vector<std::shared_ptr<FakeStream>> streams() const;
  [[nodiscard]] std::vector<txn::OpenRequest> opens() const;
  [[nodiscard]] std::vector<txn::CheckpointRequest> checkpoints() const;
  [[nodiscard]] std::vector<txn::CommitRequest> commits() const;
  [[nodiscard]] std::vector<txn::AbortRequest> aborts() const;
  [[nodiscard]] std::optional<Deadline> last_deadline() const;

  // Writers.
  asio::awaitable<Answer<std::shared_ptr<txn::WriteStream>>> open(
      txn::OpenRequest request) override;
  asio::awaitable<Answer<txn::CheckpointOutcome>> checkpoint(txn::CheckpointRequest request,
                                                             Deadline deadline) override;
  asio::awaitable<Answer<txn::CommitOutcome>> commit(txn::CommitRequest request,
                                                     Deadline deadline) override;
  asio::awaitable<Answer<txn::AbortOutcome>> abort(txn::AbortRequest request,
                                                   Deadline deadline) override;
  asio::awaitable<Answer<TableSchema>> describe_table(std::string database, std::string table,
                                                      Deadline deadline) override;
  asio::awaitable<txn::StatusReport> status(std::string prefix) override;

 private:
  asio::any_io_executor executor_;
  txn::Opened opened_{false, 1, std::nullopt, "ls-alo"};
  bool patient_ = false;
  std::optional<Refusal> open_refusal_;
  std::optional<Refusal> checkpoint_refusal_;
  txn::CheckpointOutcome checkpoint_outcome_;
  Answer<txn::CommitOutcome> commit_answer_{txn::CommitOutcome{}};
  Answer<txn::AbortOutcome> abort_answer_{txn::AbortOutcome{}};
  std::vector<txn::CommitRequest> commits_;
  std::vector<txn::AbortRequest> aborts_;
  std::optional<Answer<TableSchema>> schema_;
  txn::StatusReport report_;
  std::vector<txn::OpenRequest> opens_;
  std::vector<txn::CheckpointRequest> checkpoints_;
  std::optional<Deadline> last_deadline_;
  std::vector<std::shared_ptr<FakeStream>> streams_;
};

}  // namespace loadstar::server::test
