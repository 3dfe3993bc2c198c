#include "tests/support/virtual_time.hpp"

#include "core/base/assert.hpp"
#include "tests/support/fake_clock.hpp"

#include <algorithm>

namespace loadstar::test {

void VirtualTime::wait() {
  sentinel_.async_wait([](const boost::system::error_code& /*ec*/) {});
}

void VirtualTime::settle() {
  constexpr std::size_t kMaxHandlers = 50'000'000;
  std::size_t handlers = 0;
  while (true) {
    static_cast<void>(take_nearest_timer());
    io_.restart();
    const std::size_t ran = io_.poll();
    handlers += ran;
    LOADSTAR_ASSERT(handlers < kMaxHandlers, "the tasks under test come to rest");
    // Only an idle poll in which the reactor looked at its timers proves that none was due: the
    // kernel's timer, by which the reactor is told to look, may be a moment late.
    const auto nearest = take_nearest_timer();
    if (ran == 0 && nearest && *nearest > Clock::duration::zero()) {
      next_ = *nearest;
      return;
    }
  }
}

bool VirtualTime::step(Clock::time_point limit) {
  const auto left = limit - Clock::now();
  if (left <= Clock::duration::zero()) return false;
  advance_clock(std::min(next_, left));
  settle();
  return true;
}

}  // namespace loadstar::test
