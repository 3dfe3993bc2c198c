#include "config/password.hpp"

#include "config/surroundings.hpp"

#include <sys/stat.h>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace loadstar::config {
namespace {

constexpr std::size_t kMaxPassword = 4096;

/// What changes when a file is written again, or replaced, as Kubernetes does by swapping a link.
struct FileVersion {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;

  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};

std::optional<FileVersion> version_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileVersion{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec};
}

/// Keeps the password and the version of the file it came from.
class PasswordFile {
 public:
  explicit PasswordFile(std::string path) : path_(std::move(path)) {}

  Secret get() {
    const std::lock_guard lock(mutex_);
    // Looked at before reading: a change in between is seen by the next call.
    const auto version = version_of(path_);
    if (version && version != version_) {
      const auto password = read_password_file(path_);
      if (password.ok()) {
        password_ = password.value();
        version_ = version;
      }
    }
    return password_;
  }

 private:
  const std::string path_;
  std::mutex mutex_;
  std::optional<FileVersion> version_;
  Secret password_;
};

}  // namespace

Parsed<Secret> read_password_file(const std::string& path) {
  using Answer = Parsed<Secret>;
  const auto content = read_small_file(path, kMaxPassword);
  if (!content.ok()) return Answer::refused(content.error());
  std::string text = content.value();
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return Answer::refused("is empty");
  if (has_control_byte(text)) {
    return Answer::refused("has a control byte or a second line; it must hold the password alone");
  }
  return Secret(std::move(text));
}

std::function<Secret()> make_password_provider(std::string path) {
  return [file = std::make_shared<PasswordFile>(std::move(path))] { return file->get(); };
}

}  // namespace loadstar::config
