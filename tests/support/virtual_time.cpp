#include "tests/support/virtual_time.hpp"

#include "core/base/assert.hpp"
#include "tests/support/fake_clock.hpp"

#include <algorithm>

namespace loadstar::test {

VirtualTime::VirtualTime(boost::asio::io_context& io) : io_(io), kick_(io), sentinel_(io, kNever) {
  let_reactor_sleep(true);
  sentinel_.async_wait([](const boost::system::error_code& /*ec*/) {});
}

VirtualTime::~VirtualTime() { let_reactor_sleep(false); }

void VirtualTime::settle() {
  constexpr std::size_t kMaxHandlers = 50'000'000;
  std::size_t handlers = 0;
  do {
    bool kicked = false;
    kick_.expires_at(Clock::time_point::min());
    kick_.async_wait([&kicked](const boost::system::error_code& /*ec*/) { kicked = true; });
    // The kernel's timer, by which the reactor is told to look, may be a moment late.
    while (!kicked) {
      io_.restart();
      handlers += io_.poll();
    }
    LOADSTAR_ASSERT(handlers < kMaxHandlers, "the tasks under test come to rest");
  } while (nearest_timer() <= Clock::now());
}

bool VirtualTime::step(Clock::time_point limit) {
  if (Clock::now() >= limit) return false;
  advance_clock(std::min(nearest_timer(), limit) - Clock::now());
  settle();
  return true;
}

}  // namespace loadstar::test
