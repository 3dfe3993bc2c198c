#include "server/anonymous_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace loadstar::server {
namespace {

// Systems with vm.memfd_noexec=2 demand it; Debian's headers do not know it yet.
constexpr unsigned kNoExecSeal = 0x8;

std::string failure(const std::string& what) {
  return what + ": " + std::generic_category().message(errno);
}

int new_memory_file() {
  const int descriptor = ::memfd_create("loadstar", MFD_CLOEXEC | kNoExecSeal);
  if (descriptor >= 0 || errno != EINVAL) return descriptor;
  return ::memfd_create("loadstar", MFD_CLOEXEC);  // Linux before 6.3
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// A complete file, or -1 with `error`.
int make_file(const std::string& text, std::time_t modified, std::string& error) {
  const int descriptor = new_memory_file();
  if (descriptor < 0) {
    error = failure("memfd_create");
    return -1;
  }
  // Readers that compare whole seconds, as gRPC does, see each version as another.
  const std::array<timespec, 2> times{{{modified, 0}, {modified, 0}}};
  if (write_all(descriptor, text) && ::futimens(descriptor, times.data()) == 0) return descriptor;
  error = failure("a file in memory cannot be written");
  ::close(descriptor);
  return -1;
}

}  // namespace

std::unique_ptr<AnonymousFile> AnonymousFile::create(const std::string& text, std::string& error) {
  const int descriptor = make_file(text, 1, error);
  if (descriptor < 0) return nullptr;
  auto file = std::unique_ptr<AnonymousFile>(new AnonymousFile(descriptor));
  if (::access(file->path().c_str(), R_OK) != 0) {  // no /proc
    error = failure(file->path());
    return nullptr;
  }
  return file;
}

AnonymousFile::~AnonymousFile() { ::close(descriptor_); }

std::string AnonymousFile::path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

bool AnonymousFile::replace(const std::string& text, std::string& error) {
  const int next = make_file(text, modified_ + 1, error);
  if (next < 0) return false;
  int done = 0;
  do {
    done = ::dup3(next, descriptor_, O_CLOEXEC);
  } while (done < 0 && errno == EINTR);
  if (done < 0) error = failure("dup3");
  ::close(next);
  if (done < 0) return false;
  ++modified_;
  return true;
}

}  // namespace loadstar::server
