#include "core/ingest/memory_budget.hpp"

#include "core/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace loadstar::ingest {

void MemoryBudget::charge(Account& account, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (account.held_ == 0 && bytes > 0) ++holders_;
  account.held_ += bytes;
  used_ += bytes;
}

void MemoryBudget::release(Account& account, std::uint64_t bytes) {
  std::vector<std::shared_ptr<Account>> woken;
  {
    const std::lock_guard lock(mutex_);
    LOADSTAR_ASSERT(account.held_ >= bytes && used_ >= bytes, "no byte is released twice");
    account.held_ -= bytes;
    used_ -= bytes;
    if (account.held_ == 0 && bytes > 0) --holders_;
    woken = std::exchange(waiting_, {});
    for (const auto& waiter : woken) waiter->waiting_ = false;
  }
  for (const auto& waiter : woken) waiter->wake_();
}

bool MemoryBudget::may_read(const std::shared_ptr<Account>& account) {
  const std::lock_guard lock(mutex_);
  if (account->held_ == 0) return true;
  if (used_ < limit_ && account->held_ < share()) return true;
  if (!account->waiting_) {
    account->waiting_ = true;
    waiting_.push_back(account);
  }
  return false;
}

void MemoryBudget::forget(const std::shared_ptr<Account>& account) {
  const std::lock_guard lock(mutex_);
  account->waiting_ = false;
  std::erase(waiting_, account);
}

bool MemoryBudget::over_share(const Account& account) const {
  const std::lock_guard lock(mutex_);
  return account.held_ >= share();
}

std::uint64_t MemoryBudget::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

std::uint64_t MemoryBudget::held(const Account& account) const {
  const std::lock_guard lock(mutex_);
  return account.held_;
}

std::uint64_t MemoryBudget::share() const { return limit_ / std::max<std::uint64_t>(holders_, 1); }

}  // namespace loadstar::ingest
