#include "config/surroundings.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace loadstar::config {

Surroundings process_surroundings() {
  Surroundings surroundings;
  surroundings.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  return surroundings;
}

Parsed<std::string> read_small_file(const std::string& path, std::size_t limit, FileKind kind) {
  using Answer = Parsed<std::string>;
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error) return Answer::refused(fmt::format("cannot be read: {}", error.message()));
  if (kind == FileKind::kRegular && std::filesystem::exists(status) &&
      !std::filesystem::is_regular_file(status)) {
    return Answer::refused("cannot be read: it is not a regular file");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Answer::refused(
        fmt::format("cannot be read: {}", std::generic_category().message(errno)));
  }
  // One byte more than allowed shows that there is more.
  std::string content(limit + 1, '\0');
  errno = 0;
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad()) {
    return Answer::refused(
        fmt::format("cannot be read: {}", std::generic_category().message(errno)));
  }
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > limit) return Answer::refused(fmt::format("is larger than {} bytes", limit));
  return content;
}

}  // namespace loadstar::config
