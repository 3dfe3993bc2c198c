#pragma once

#include "core/base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace loadstar::ingest {

/// Bytes of rows that the daemon holds, counted when a message arrives and released when its rows
/// are final (architecture.md D6). One global limit; each writer that holds data gets an equal
/// share of it.
///
/// It never refuses bytes that are already here: it answers whether a writer may read on. A writer
/// that holds nothing may always read one message, so none starves however small the budget is;
/// memory is bounded by the limit plus one message for each writer.
///
/// Thread-safe: a leaf with a mutex (style-anchors.md 2.7.6).
class MemoryBudget {
 public:
  /// What one writer holds. Made by the budget, shared with it, changed only by it.
  class Account {
   public:
    /// `wake`: called (once per wait, on any thread, outside of the budget's lock) when a wait may
    /// be over; it hops to the writer's strand.
    explicit Account(std::function<void()> wake) : wake_(std::move(wake)) {}

   private:
    friend class MemoryBudget;
    std::function<void()> wake_;
    std::uint64_t held_ = 0;
    bool waiting_ = false;
  };

  explicit MemoryBudget(Bytes limit) : limit_(limit.value) {}

  /// A message of `bytes` arrived for the writer of `account`.
  void charge(Account& account, std::uint64_t bytes);

  /// Rows of `bytes` are final, or were refused. Wakes every paused writer, each of which asks
  /// again.
  void release(Account& account, std::uint64_t bytes);

  /// True if the writer may read its next message now. False registers it: `wake` is called after
  /// the next release. Ask again then.
  [[nodiscard]] bool may_read(const std::shared_ptr<Account>& account);

  /// Gives up a wait, so that an ended writer is not woken.
  void forget(const std::shared_ptr<Account>& account);

  /// True if the writer is over its share, rather than the whole budget used up.
  [[nodiscard]] bool over_share(const Account& account) const;

  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  [[nodiscard]] std::uint64_t used() const;
  [[nodiscard]] std::uint64_t held(const Account& account) const;

 private:
  [[nodiscard]] std::uint64_t share() const;

  const std::uint64_t limit_;
  mutable std::mutex mutex_;  // guards all below, and the accounts
  std::uint64_t used_ = 0;
  std::uint64_t holders_ = 0;  // accounts that hold data
  std::vector<std::shared_ptr<Account>> waiting_;
};

}  // namespace loadstar::ingest
