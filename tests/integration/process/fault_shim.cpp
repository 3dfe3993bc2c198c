// Loaded into the daemon (LD_PRELOAD): faults of the machine that a test cannot commit otherwise.
// A test writes what is to happen into a file of eight 64-bit numbers, which is mapped here, and
// reads there how often it did (once_machine_test.py).

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" void* __libc_malloc(std::size_t size);

namespace {

struct Faults {
  // What is to happen.
  std::atomic<std::int64_t> wall_offset;       // nanoseconds that the wall clock is ahead
  std::atomic<std::int64_t> disk_is_full;      // not 0: standard output and error take nothing
  std::atomic<std::int64_t> thread_to_refuse;  // the n-th that is made from now on; 0: none
  std::atomic<std::int64_t> memory_to_refuse;  // the n-th allocation from now on; 0: none
  // How often it did.
  std::atomic<std::int64_t> clock_reads;  // with an offset
  std::atomic<std::int64_t> writes_refused;
  std::atomic<std::int64_t> threads_refused;
  std::atomic<std::int64_t> memory_refused;
};

Faults* map_faults() {
  const char* const path = std::getenv("LOADSTAR_TEST_FAULTS");
  const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) std::abort();
  void* const mapped = ::mmap(nullptr, sizeof(Faults), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (mapped == MAP_FAILED) std::abort();
  return static_cast<Faults*>(mapped);
}

// Set before main() and before any thread; calls before that pass.
std::atomic<Faults*> mapped_faults{nullptr};

__attribute__((constructor)) void set_up() { mapped_faults = map_faults(); }

/// Counts down to the one that is to fail.
bool strikes(std::atomic<std::int64_t>& countdown) {
  return countdown > 0 && countdown.fetch_sub(1) == 1;
}

void shift(timespec& time) {
  Faults* const faults = mapped_faults;
  const std::int64_t offset = faults == nullptr ? 0 : faults->wall_offset.load();
  if (offset == 0) return;
  ++faults->clock_reads;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t nanoseconds = time.tv_nsec + offset % kSecond;
  time.tv_sec += offset / kSecond + (nanoseconds >= kSecond ? 1 : nanoseconds < 0 ? -1 : 0);
  time.tv_nsec = (nanoseconds + kSecond) % kSecond;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t id, timespec* time) noexcept {
  const auto failed = static_cast<int>(::syscall(SYS_clock_gettime, id, time));
  if (failed == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) shift(*time);
  return failed;
}

int gettimeofday(timeval* time, void* /*zone*/) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

std::size_t fwrite(const void* data, std::size_t size, std::size_t count, std::FILE* file) {
  Faults* const faults = mapped_faults;
  if (faults != nullptr && faults->disk_is_full != 0 && (file == stdout || file == stderr)) {
    ++faults->writes_refused;
    errno = ENOSPC;
    return 0;
  }
  using Write = std::size_t (*)(const void*, std::size_t, std::size_t, std::FILE*);
  static const auto real = reinterpret_cast<Write>(::dlsym(RTLD_NEXT, "fwrite"));
  return real(data, size, count, file);
}

ssize_t write(int descriptor, const void* data, std::size_t size) {
  Faults* const faults = mapped_faults;
  const bool to_log = descriptor == STDOUT_FILENO || descriptor == STDERR_FILENO;
  if (to_log && faults != nullptr && faults->disk_is_full != 0) {
    ++faults->writes_refused;
    errno = ENOSPC;
    return -1;
  }
  return ::syscall(SYS_write, descriptor, data, size);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* argument) noexcept {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
  Faults* const faults = mapped_faults;
  if (faults != nullptr && strikes(faults->thread_to_refuse)) {
    ++faults->threads_refused;
    return EAGAIN;
  }
  return create(thread, attributes, run, argument);
}

void* malloc(std::size_t size) noexcept {
  Faults* const faults = mapped_faults;
  if (faults != nullptr && strikes(faults->memory_to_refuse)) {
    ++faults->memory_refused;
    errno = ENOMEM;
    return nullptr;
  }
  return __libc_malloc(size);
}

}  // extern "C"
