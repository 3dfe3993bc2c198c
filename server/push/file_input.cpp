#include "server/push/file_input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace loadstar::server {
namespace {

constexpr std::size_t kReadSize = 1U << 18U;

}  // namespace

FileInput::FileInput(const std::string& path)
    : fd_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (fd_ < 0) {
    error_ = errno;
    return;
  }
  struct stat info {};
  if (::fstat(fd_, &info) != 0 || !S_ISDIR(info.st_mode)) return;
  if (fd_ > STDERR_FILENO) ::close(fd_);
  fd_ = -1;
  error_ = EISDIR;
}

FileInput::~FileInput() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

std::optional<std::uint64_t> FileInput::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

FileInput::Got FileInput::read(std::string& buffer, std::chrono::milliseconds patience) {
  buffer.clear();
  pollfd readable{fd_, POLLIN, 0};
  const int ready = ::poll(&readable, 1, static_cast<int>(patience.count()));
  if (ready == 0 || (ready < 0 && errno == EINTR)) return Got::kNothingYet;
  buffer.resize(kReadSize);
  const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
  const int error = count < 0 ? errno : 0;
  buffer.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count > 0) return Got::kBytes;
  // A descriptor that does not block, as a terminal shared with another program may be.
  if (error == EINTR || error == EAGAIN) return Got::kNothingYet;
  error_ = error;
  return Got::kEnd;
}

}  // namespace loadstar::server
