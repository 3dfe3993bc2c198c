#include "server/process_setup.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace loadstar::server {
namespace {

// Values as measured in performance.md 1: large blocks come from the heap, which is not given back
// piece by piece, and which grows in large steps.
constexpr int kMmapThreshold = 1 << 30;
constexpr int kTrimThreshold = 1 << 30;
constexpr int kTopPad = 64 << 20;
// Messages are allocated by gRPC's threads and freed by ours: with an arena for each thread, freed
// pages would wait in the wrong one.
constexpr unsigned kMaxArenas = 8;

}  // namespace

void occupy_standard_descriptors() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    // The lowest that is free: this one. Open for writing, so that reading from it is an error.
    if (::fcntl(descriptor, F_GETFD) < 0) ::open("/dev/null", O_WRONLY);
  }
}

void set_up_process(unsigned threads) {
  // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread yet
  ::mallopt(M_MMAP_THRESHOLD, kMmapThreshold);
  ::mallopt(M_TRIM_THRESHOLD, kTrimThreshold);
  ::mallopt(M_TOP_PAD, kTopPad);
  ::mallopt(M_ARENA_MAX, static_cast<int>(std::clamp(threads, 1U, kMaxArenas)));
  // NOLINTEND(concurrency-mt-unsafe)
  std::signal(SIGPIPE, SIG_IGN);
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    descriptors.rlim_cur = descriptors.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
  }
}

}  // namespace loadstar::server
