#include "core/txn/batch_encoder.hpp"

#include <fmt/format.h>

#include <utility>

namespace loadstar::txn {
namespace {

/// How old a schema may be while batches are encoded by it. A batch that does not fit is judged
/// again by a fresh one, so that a column that was just added is found at once.
constexpr std::chrono::seconds kSchemaAge{60};
constexpr std::chrono::seconds kFreshSchemaAge{1};
/// While StarRocks does not answer, an old schema is used for so long before it is asked again.
constexpr std::chrono::seconds kUseOldSchema{30};
/// Pause before StarRocks is asked for a schema again.
constexpr std::chrono::seconds kAskAgain{1};

Refusal unwanted() { return refuse(Reason::kStreamReplaced, "the stream is over"); }

}  // namespace

BatchEncoder::BatchEncoder(TableDirectory& tables, Metrics& metrics, Signal& changed,
                           std::string database, bool exactly_once)
    : directory_(tables),
      metrics_(metrics),
      changed_(changed),
      database_(std::move(database)),
      exactly_once_(exactly_once) {}

asio::awaitable<Answer<BatchEncoder::Encoded>> BatchEncoder::encode(const ingest::Batch& batch,
                                                                    std::function<bool()> wanted) {
  Clock::duration max_age = kSchemaAge;
  while (true) {
    auto found = co_await find(batch.table, max_age, wanted);
    if (!found.ok()) co_return found.refusal();
    Table& table = *found.value();
    auto unfit = check_delivery(batch.table, table.info->options);
    if (unfit) co_return std::move(*unfit);
    auto encoded = table.encoder->encode(batch, exactly_once_);
    if (encoded.ok()) {
      Encoded result;
      result.batch = std::move(encoded.value());
      result.table = &table;
      co_return result;
    }
    const Reason reason = encoded.refusal().reason;
    const bool by_schema =
        reason == Reason::kBadRequest || reason == Reason::kUnsupportedCombination;
    if (!by_schema || Clock::now() - table.info->read_at <= kFreshSchemaAge) {
      co_return encoded.refusal();
    }
    max_age = kFreshSchemaAge;
  }
}

asio::awaitable<Answer<BatchEncoder::Table*>> BatchEncoder::find(
    const std::string& table, Clock::duration max_age, const std::function<bool()>& wanted) {
  Table& slot = by_name_[table];
  while (true) {
    if (slot.info) {
      const auto now = Clock::now();
      if (now - slot.info->read_at <= max_age) co_return &slot;
      if (max_age == kSchemaAge && now < slot.ask_again_at) co_return &slot;
    }
    starrocks::TableName name{database_, table};
    auto answer = co_await directory_.info(std::move(name), max_age);
    if (!wanted()) co_return unwanted();
    if (answer.ok()) {
      if (slot.info != answer.value()) {
        slot.info = answer.value();
        slot.encoder = std::make_unique<ingest::TableEncoder>(database_, table, slot.info->options,
                                                              slot.info->schema, slot.info->facts);
        if (!exactly_once_) slot.queue = directory_.queue({database_, table}, slot.info->options);
        slot.metrics = &metrics_.table(database_, table);
      }
      stall_reason_.clear();
      co_return &slot;
    }
    if (answer.refusal().reason != Reason::kStarrocksUnavailable) {
      forget(table);
      co_return answer.refusal();
    }
    // What is known is old, not wrong: with it rows can be taken while StarRocks is away. A batch
    // that does not fit it waits for what StarRocks says now.
    if (slot.info && max_age == kSchemaAge) {
      slot.ask_again_at = Clock::now() + kUseOldSchema;
      co_return &slot;
    }
    // StarRocks is away: the batch waits here, and with it the stream.
    stall_reason_ = answer.refusal().message;
    const Deadline again = Clock::now() + kAskAgain;
    co_await changed_.wait_until(again);
    if (!wanted()) co_return unwanted();
  }
}

void BatchEncoder::forget(const std::string& table) {
  const auto known = by_name_.find(table);
  if (known->second.metrics == nullptr) {
    by_name_.erase(known);  // nothing was ever taken: names that clients make up cost nothing
    return;
  }
  // Earlier batches may wait to be loaded: the way to them stays.
  known->second.info.reset();
  known->second.encoder.reset();
}

std::optional<Refusal> BatchEncoder::check_delivery(const std::string& table,
                                                    const TableOptions& options) const {
  const bool fits = options.delivery == DeliveryOption::kAny ||
                    (options.delivery == DeliveryOption::kExactlyOnce) == exactly_once_;
  if (fits) return std::nullopt;
  return refuse(Reason::kUnsupportedCombination,
                fmt::format("table {}.{} takes {} writers only (delivery: {})", database_, table,
                            exactly_once_ ? "at-least-once" : "exactly-once",
                            exactly_once_ ? "at_least_once" : "exactly_once"));
}

}  // namespace loadstar::txn
