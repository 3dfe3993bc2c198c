#pragma once

#include "core/base/metrics.hpp"

namespace loadstar {

/// Keeps loadstar_transactions_open and loadstar_prepared_oldest right for one transaction of this
/// daemon, however its story ends: what was begun and is not over counts, and the destructor ends
/// it. Confined to one thread or strand.
class OpenTransaction {
 public:
  explicit OpenTransaction(Metrics& metrics) : metrics_(metrics), prepared_(metrics.prepared) {}
  OpenTransaction(const OpenTransaction&) = delete;
  OpenTransaction& operator=(const OpenTransaction&) = delete;
  ~OpenTransaction() { end(); }

  /// StarRocks has answered OK to begin.
  void begin() {
    end();
    state_ = State::kBegun;
    metrics_.transactions_open_begun.Increment();
  }

  /// StarRocks has prepared it.
  void prepare() {
    end();
    state_ = State::kPrepared;
    metrics_.transactions_open_prepared.Increment();
    prepared_.set(Clock::now());
  }

  /// Committed, rolled back, or nobody's any more here.
  void end() {
    if (state_ == State::kBegun) metrics_.transactions_open_begun.Decrement();
    if (state_ == State::kPrepared) metrics_.transactions_open_prepared.Decrement();
    prepared_.set(std::nullopt);
    state_ = State::kNone;
  }

 private:
  enum class State : std::uint8_t { kNone, kBegun, kPrepared };

  Metrics& metrics_;
  Oldest::Entry prepared_;
  State state_ = State::kNone;
};

}  // namespace loadstar
