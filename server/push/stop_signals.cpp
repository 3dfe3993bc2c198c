#include "server/push/stop_signals.hpp"

#include "core/base/clock.hpp"
#include "server/exit_status.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace loadstar::server {
namespace {

using std::chrono::milliseconds;

// How soon the thread sees that it is not needed any more.
constexpr milliseconds kStep{50};

}  // namespace

StopSignals::StopSignals(milliseconds grace, Handlers handlers)
    : grace_(grace), handlers_(std::move(handlers)) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  thread_ = std::thread([this] { watch(); });
}

StopSignals::~StopSignals() {
  ended_ = true;
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool StopSignals::wait_for_signal(milliseconds time) {
  const timespec most{0, std::chrono::nanoseconds(std::min(time, kStep)).count()};
  return sigtimedwait(&signals_, nullptr, &most) > 0;
}

void StopSignals::watch() {
  while (!wait_for_signal(kStep)) {
    if (ended_) return;
  }
  handlers_.stop();
  const auto until = Clock::now() + grace_;
  bool waiting = true;
  while (!ended_) {
    if (wait_for_signal(kStep)) ::_exit(kExitUnfinished);
    if (!waiting || Clock::now() < until) continue;
    waiting = false;
    handlers_.give_up();
  }
}

}  // namespace loadstar::server
