#include "core/txn/writer_registry.hpp"

#include "core/base/deadline.hpp"
#include "core/base/random.hpp"
#include "core/base/run_on.hpp"
#include "core/ingest/memory_budget.hpp"
#include "core/starrocks/label.hpp"
#include "core/txn/attached_stream.hpp"
#include "core/txn/exactly_once_writers.hpp"
#include "core/txn/load_driver.hpp"
#include "core/txn/load_permits.hpp"
#include "core/txn/table_directory.hpp"
#include "core/txn/writer.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace loadstar::txn {
namespace {

/// An Open of a writer whose former stream is still being settled waits so long.
constexpr std::chrono::seconds kSettleWait{60};
/// GetStatus, DescribeTable: how old an answer may be (ingest-api.md 3.5).
constexpr std::chrono::seconds kDescribeAge{10};

Refusal bad_field(std::string field, std::string description) {
  Refusal refusal = refuse(Reason::kBadRequest, fmt::format("{} {}", field, description));
  refusal.violations.push_back({std::move(field), std::move(description)});
  return refusal;
}

/// Runs `call(writer)` on the writer's strand.
template <class AnyWriter, class Call>
asio::awaitable<void> on_strand(std::shared_ptr<AnyWriter> writer, Call call) {
  auto body = [](std::shared_ptr<AnyWriter> target, Call inner) -> asio::awaitable<void> {
    inner(*target);
    co_return;
  };
  auto running = body(writer, std::move(call));
  co_await run_on(writer->strand(), std::move(running));
}

}  // namespace

class WriterRegistry::Impl : public std::enable_shared_from_this<WriterRegistry::Impl> {
 public:
  Impl(asio::any_io_executor executor, const CoreOptions& options, starrocks::Client& client,
       Metrics& metrics, Logger logger, std::uint64_t random_seed)
      : executor_(std::move(executor)),
        options_(options),
        client_(client),
        metrics_(metrics),
        logger_(std::move(logger)),
        nonce_(Random(random_seed).token(starrocks::kNonceLength)),
        labels_(options_.label_prefix, nonce_),
        permits_(options_.max_loads),
        budget_(options_.limits.memory),
        tables_(executor_, LoadServices{client, metrics_, labels_, permits_, options_, logger_},
                random_seed,
                [this](std::uint64_t writer, std::vector<BatchOutcome> outcomes) {
                  deliver(writer, std::move(outcomes));
                }),
        exactly_once_({executor_, tables_, budget_, client, metrics_, options_, logger_,
                       [this] { tables_.relieve_memory(budget_.limit()); }, random_seed + 1}) {
    tables_.on_relief([this] { exactly_once_.relieve(); });
    metrics_.memory_budget.Set(static_cast<double>(budget_.limit()));
  }

  asio::awaitable<Answer<std::shared_ptr<WriteStream>>> open(OpenRequest request) {
    const bool exactly_once = request.delivery == Delivery::kExactlyOnce;
    if (request.database.empty()) co_return bad_field("open.database", "is required");
    if (!request.writer_id.empty() && !starrocks::is_writer_name(request.writer_id)) {
      co_return bad_field("open.writer_id", "must match [A-Za-z0-9_]{1,48}, or be empty");
    }
    if (exactly_once && request.writer_id.empty()) {
      co_return bad_field("open.writer_id", "is required for DELIVERY_EXACTLY_ONCE");
    }
    if (draining_) co_return draining_refusal();
    const bool at_least_once_held = find(request.writer_id) != nullptr;
    const bool exactly_once_held = exactly_once_.holds(request.writer_id);
    if (exactly_once ? at_least_once_held : exactly_once_held) {
      co_return refuse(Reason::kUnsupportedCombination,
                       fmt::format("writer \"{}\" is open with the other delivery guarantee",
                                   request.writer_id));
    }
    const bool held = at_least_once_held || exactly_once_held;
    if (!held && over_soft_limit()) {
      co_return refuse_for_now(
          Reason::kOverloaded,
          fmt::format("{} of {} bytes of the memory budget are used; new writers wait",
                      budget_.used(), budget_.limit()));
    }
    auto database = co_await tables_.check_database(request.database);
    if (!database.ok()) co_return database.refusal();
    if (exactly_once) {
      auto opening = exactly_once_.open(std::move(request));
      auto stream = co_await std::move(opening);
      co_return stream;
    }

    const Deadline deadline = Clock::now() + kSettleWait;
    while (true) {
      const auto writer = find_or_make(request);
      if (!writer) co_return draining_refusal();
      if (writer->database() != request.database) {
        co_return bad_field("open.database",
                            fmt::format("is \"{}\", but writer {} belongs to \"{}\"",
                                        request.database, request.writer_id, writer->database()));
      }
      std::optional<Writer::Attachment> attachment;
      auto attach = [&attachment, &request](Writer& target) {
        attachment = target.attach(request);
      };
      co_await on_strand(writer, std::move(attach));
      if (attachment) {
        attachment->opened.label_prefix =
            fmt::format("{}-alo-{}-r{}-", options_.label_prefix,
                        starrocks::database_hash(request.database), nonce_);
        std::shared_ptr<WriteStream> stream =
            std::make_shared<AttachedStream>(writer, attachment->stream, attachment->opened);
        co_return stream;
      }
      // The writer is ending: what it still holds goes first, so that rows stay in order.
      auto gone = writer->wait_gone(deadline);
      co_await run_on(writer->strand(), std::move(gone));
      if (draining_) co_return draining_refusal();
      if (Clock::now() >= deadline) {
        co_return refuse_for_now(Reason::kStarrocksUnavailable,
                                 "rows of the writer's former stream are still being loaded");
      }
    }
  }

  asio::awaitable<Answer<CheckpointOutcome>> checkpoint(CheckpointRequest request,
                                                        Deadline deadline) {
    const auto began = Clock::now();
    const auto writer = find(request.writer_id);
    if (!writer) {
      if (request.epoch == 0 && exactly_once_.holds(request.writer_id)) {
        co_return bad_field("epoch", "is required for an exactly-once writer");
      }
      auto preparing = exactly_once_.checkpoint(std::move(request), deadline);
      auto outcome = co_await std::move(preparing);
      co_return outcome;
    }
    auto call = writer->checkpoint(request.last_sequence, deadline);
    const auto answer = co_await run_on(writer->strand(), std::move(call));
    metrics_.checkpoint_duration.Observe(
        std::chrono::duration<double>(Clock::now() - began).count());
    if (!answer.ok()) co_return answer.refusal();
    co_return CheckpointOutcome{};
  }

  asio::awaitable<Answer<CommitOutcome>> commit(CommitRequest request, Deadline deadline) {
    return exactly_once_.commit(std::move(request), deadline);
  }

  asio::awaitable<Answer<AbortOutcome>> abort(AbortRequest request, Deadline deadline) {
    if (request.epoch == 0) {
      if (find(request.writer_id) != nullptr) {
        co_return refuse(
            Reason::kUnsupportedCombination,
            "an at-least-once writer has no transaction to abort: what was received is "
            "loaded; close its stream to end it");
      }
      if (exactly_once_.holds(request.writer_id)) {
        co_return bad_field("epoch", "is required for an exactly-once writer");
      }
      co_return refuse(Reason::kWriterNotOpen,
                       fmt::format("no writer \"{}\" is open on this daemon", request.writer_id));
    }
    auto aborting = exactly_once_.abort(std::move(request), deadline);
    auto outcome = co_await std::move(aborting);
    co_return outcome;
  }

  asio::awaitable<Answer<TableSchema>> describe_table(std::string database, std::string table,
                                                      Deadline deadline) {
    starrocks::TableName name{std::move(database), std::move(table)};
    auto asked = tables_.info(name, kDescribeAge);
    auto answered = co_await before(deadline, std::move(asked));
    if (answered.index() == 1) {
      co_return refuse_for_now(Reason::kStarrocksUnavailable, "StarRocks did not answer in time");
    }
    auto& answer = std::get<0>(answered);
    if (!answer.ok()) co_return answer.refusal();
    if (!answer.value()->schema) {
      co_return refuse(Reason::kAccessDenied,
                       fmt::format("StarRocks does not tell this account the schema of {}.{}",
                                   name.database, name.table));
    }
    co_return *answer.value()->schema;
  }

  asio::awaitable<StatusReport> status(std::string prefix) {
    StatusReport report;
    report.starrocks_version = client_.last_version();
    report.draining = draining_;
    report.buffered_bytes = budget_.used();
    report.buffer_limit_bytes = budget_.limit();
    for (const auto& writer : all()) {
      if (!writer->id().starts_with(prefix)) continue;
      auto add = [&report](WriterHandle& target) { report.writers.push_back(target.report()); };
      co_await on_strand(writer, std::move(add));
    }
    const std::vector<PreparedTransaction> prepared = exactly_once_.prepared();
    remove_ended(report, prepared);
    add_left_prepared(report, prepared, prefix);
    co_return report;
  }

  /// Of a writer's prepared transactions, those whose end was seen: another process may commit what
  /// this one has prepared, and the writer is not told before its client asks.
  static void remove_ended(StatusReport& report, const std::vector<PreparedTransaction>& prepared) {
    std::set<std::string_view> waiting;
    for (const PreparedTransaction& transaction : prepared) waiting.insert(transaction.label);
    for (WriterReport& writer : report.writers) {
      std::erase_if(writer.transactions, [&waiting](const TransactionReport& transaction) {
        return transaction.state == TransactionState::kPrepared &&
               !waiting.contains(transaction.label);
      });
    }
  }

  /// Prepared transactions whose writers are gone: each of these is a writer that is not connected.
  static void add_left_prepared(StatusReport& report,
                                const std::vector<PreparedTransaction>& prepared,
                                const std::string& prefix) {
    std::set<std::string> told;
    for (const WriterReport& writer : report.writers) {
      for (const TransactionReport& transaction : writer.transactions) {
        told.insert(transaction.label);
      }
    }
    std::map<std::tuple<std::string, std::string, std::uint64_t>, WriterReport> gone;
    for (const PreparedTransaction& transaction : prepared) {
      if (!transaction.writer.starts_with(prefix) || told.contains(transaction.label)) continue;
      const std::tuple key{transaction.database, transaction.writer, transaction.epoch};
      WriterReport& writer = gone[key];
      writer.writer_id = transaction.writer;
      writer.database = transaction.database;
      writer.delivery = Delivery::kExactlyOnce;
      writer.epoch = transaction.epoch;
      writer.transactions.push_back({transaction.label, transaction.table,
                                     TransactionState::kPrepared, transaction.begun_at});
    }
    for (auto& [key, writer] : gone) report.writers.push_back(std::move(writer));
  }

  asio::awaitable<DrainReport> drain(Deadline deadline) {
    draining_ = true;
    client_.hurry();
    exactly_once_.drain();
    const auto grace =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    DrainReport report;
    std::uint64_t pending_before = 0;
    const auto writers = all();
    for (const auto& writer : writers) {
      auto begin = [&pending_before, grace](WriterHandle& target) {
        pending_before += target.pending_batches();
        target.drain(grace);
      };
      co_await on_strand(writer, std::move(begin));
    }
    for (const auto& writer : writers) {
      auto gone = writer->wait_gone(deadline);
      co_await run_on(writer->strand(), std::move(gone));
      auto count = [&report](WriterHandle& target) {
        report.uncommitted_batches += target.pending_batches();
        report.uncommitted_rows += target.pending_rows();
      };
      co_await on_strand(writer, std::move(count));
    }
    co_await exactly_once_.end_calls(deadline);
    report.committed_batches =
        pending_before - std::min(pending_before, report.uncommitted_batches);
    co_return report;
  }

  asio::awaitable<void> stop(Deadline rollbacks_until) {
    draining_ = true;
    co_await exactly_once_.stop();
    for (const auto& writer : at_least_once()) {
      auto stopped = writer->stop();
      co_await run_on(writer->strand(), std::move(stopped));
    }
    co_await tables_.stop(rollbacks_until);
    const std::lock_guard lock(mutex_);
    by_number_.clear();
    by_id_.clear();
  }

  [[nodiscard]] bool is_draining() const { return draining_; }

 private:
  [[nodiscard]] bool over_soft_limit() const {
    return budget_.used() / 100 * 100 >=
           budget_.limit() / 100 * options_.limits.memory_soft_percent;
  }

  [[nodiscard]] std::shared_ptr<Writer> find(const std::string& id) {
    if (id.empty()) return nullptr;
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
  }

  /// nullptr if the daemon has begun to drain meanwhile.
  [[nodiscard]] std::shared_ptr<Writer> find_or_make(const OpenRequest& request) {
    const std::lock_guard lock(mutex_);
    if (draining_) return nullptr;
    if (!request.writer_id.empty()) {
      const auto found = by_id_.find(request.writer_id);
      if (found != by_id_.end()) return found->second;
    }
    const std::uint64_t number = ++last_number_;
    auto on_gone = [weak = weak_from_this(), number, id = request.writer_id] {
      if (const auto self = weak.lock()) self->remove(number, id);
    };
    Logger logger = logger_.with("database", request.database);
    if (!request.writer_id.empty()) logger = logger.with("writer", request.writer_id);
    WriterServices services{executor_,       tables_,  budget_,
                            options_.limits, metrics_, std::move(logger)};
    auto writer =
        std::make_shared<Writer>(std::move(services), number, request, std::move(on_gone));
    by_number_[number] = writer;
    if (!request.writer_id.empty()) by_id_[request.writer_id] = writer;
    return writer;
  }

  void remove(std::uint64_t number, const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found != by_id_.end() && found->second->number() == number) by_id_.erase(found);
    by_number_.erase(number);
  }

  void deliver(std::uint64_t number, std::vector<BatchOutcome> outcomes) {
    std::shared_ptr<Writer> writer;
    {
      const std::lock_guard lock(mutex_);
      const auto found = by_number_.find(number);
      if (found == by_number_.end()) return;
      writer = found->second;
    }
    auto tell = [writer, outcomes = std::move(outcomes)]() mutable {
      writer->on_outcomes(std::move(outcomes));
    };
    asio::post(writer->strand(), std::move(tell));
  }

  [[nodiscard]] std::vector<std::shared_ptr<WriterHandle>> at_least_once() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<WriterHandle>> writers;
    writers.reserve(by_number_.size());
    for (const auto& [number, writer] : by_number_) writers.push_back(writer);
    return writers;
  }

  [[nodiscard]] std::vector<std::shared_ptr<WriterHandle>> all() {
    auto writers = at_least_once();
    for (const auto& writer : exactly_once_.all()) writers.push_back(writer);
    return writers;
  }

  asio::any_io_executor executor_;
  CoreOptions options_;
  starrocks::Client& client_;
  Metrics& metrics_;
  Logger logger_;
  std::string nonce_;
  LabelSource labels_;
  LoadPermits permits_;
  ingest::MemoryBudget budget_;
  TableDirectory tables_;
  ExactlyOnceWriters exactly_once_;
  std::atomic<bool> draining_{false};

  std::mutex mutex_;  // guards what follows
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Writer>> by_number_;
  std::map<std::string, std::shared_ptr<Writer>> by_id_;
};

WriterRegistry::WriterRegistry(asio::any_io_executor executor, const CoreOptions& options,
                               starrocks::Client& client, Metrics& metrics, Logger logger,
                               std::uint64_t random_seed)
    : impl_(std::make_shared<Impl>(std::move(executor), options, client, metrics, std::move(logger),
                                   random_seed)) {}

WriterRegistry::~WriterRegistry() = default;

asio::awaitable<Answer<std::shared_ptr<WriteStream>>> WriterRegistry::open(OpenRequest request) {
  return impl_->open(std::move(request));
}

asio::awaitable<Answer<CheckpointOutcome>> WriterRegistry::checkpoint(CheckpointRequest request,
                                                                      Deadline deadline) {
  return impl_->checkpoint(std::move(request), deadline);
}

asio::awaitable<Answer<CommitOutcome>> WriterRegistry::commit(CommitRequest request,
                                                              Deadline deadline) {
  return impl_->commit(std::move(request), deadline);
}

asio::awaitable<Answer<AbortOutcome>> WriterRegistry::abort(AbortRequest request,
                                                            Deadline deadline) {
  return impl_->abort(std::move(request), deadline);
}

asio::awaitable<Answer<TableSchema>> WriterRegistry::describe_table(std::string database,
                                                                    std::string table,
                                                                    Deadline deadline) {
  return impl_->describe_table(std::move(database), std::move(table), deadline);
}

asio::awaitable<StatusReport> WriterRegistry::status(std::string prefix) {
  return impl_->status(std::move(prefix));
}

asio::awaitable<DrainReport> WriterRegistry::drain(Deadline deadline) {
  return impl_->drain(deadline);
}

asio::awaitable<void> WriterRegistry::stop(Deadline rollbacks_until) {
  return impl_->stop(rollbacks_until);
}

bool WriterRegistry::draining() const { return impl_->is_draining(); }

}  // namespace loadstar::txn
