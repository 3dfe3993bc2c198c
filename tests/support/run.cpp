#include "tests/support/run.hpp"

#include "tests/support/fake_clock.hpp"

namespace loadstar::test {

void run_until_idle(boost::asio::io_context& io) {
  constexpr std::size_t kMaxHandlers = 50'000'000;
  std::size_t handlers = 0;
  io.restart();
  for (std::size_t n = io.poll(); n > 0; n = io.poll()) {
    handlers += n;
    LOADSTAR_ASSERT(handlers < kMaxHandlers, "the tasks under test come to rest");
    io.restart();
  }
}

void pass_time(boost::asio::io_context& io, Clock::duration length, Clock::duration step) {
  const auto end = Clock::now() + length;
  while (Clock::now() < end) {
    advance_clock(std::min(step, end - Clock::now()));
    run_until_idle(io);
  }
}

}  // namespace loadstar::test
