#pragma once

#include <sys/stat.h>

#include <string>

namespace loadstar::server {

/// Whether a UNIX socket can be made at `path`: "" if so, else why not. A socket file that nobody
/// serves is left over and may be replaced; one that somebody serves, or another kind of file, may
/// not.
[[nodiscard]] std::string check_unix_path(const std::string& path);

/// Files are created for their owner only while this lives: the umask of the whole process. Where
/// there is nothing to do, it does nothing.
class PrivateFiles {
 public:
  explicit PrivateFiles(bool active) : active_(active) {
    if (active_) before_ = ::umask(S_IXUSR | S_IRWXG | S_IRWXO);
  }
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;
  ~PrivateFiles() {
    if (active_) ::umask(before_);
  }

 private:
  bool active_;
  mode_t before_ = 0;
};

}  // namespace loadstar::server
