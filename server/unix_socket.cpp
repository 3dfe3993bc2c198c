#include "server/unix_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace loadstar::server {
namespace {

// Whether somebody accepts connections there.
bool is_served(const sockaddr_un& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const auto* const pointer = reinterpret_cast<const sockaddr*>(&address);
  const bool served = ::connect(fd, pointer, sizeof(address)) == 0;
  ::close(fd);
  return served;
}

}  // namespace

std::string check_unix_path(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof(address.sun_path)) {
    return "the path is longer than the " + std::to_string(sizeof(address.sun_path) - 1) +
           " bytes of a UNIX socket address";
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) return "the path exists and is no socket";
    return is_served(address) ? "another process serves it" : "";
  }
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    return "'" + directory + "': " + std::strerror(errno);
  }
  return "";
}

}  // namespace loadstar::server
