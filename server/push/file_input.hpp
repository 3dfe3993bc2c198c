#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace loadstar::server {

/// The file of a push, or standard input. Closed at the end, unless it is a standard descriptor.
class FileInput {
 public:
  enum class Got : std::uint8_t { kBytes, kNothingYet, kEnd };

  /// `path`: "-" is standard input.
  explicit FileInput(const std::string& path);
  FileInput(const FileInput&) = delete;
  FileInput& operator=(const FileInput&) = delete;
  ~FileInput();

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  /// errno of the last failure: of opening, then of reading; 0 = none.
  [[nodiscard]] int error() const { return error_; }

  /// Unset for pipes and terminals.
  [[nodiscard]] std::optional<std::uint64_t> size() const;

  /// Fills `buffer` with what comes next. A pipe that nobody writes to is left after `patience`,
  /// so that the caller can look at what else has happened. kEnd also after an error.
  Got read(std::string& buffer, std::chrono::milliseconds patience);

 private:
  int fd_;
  int error_ = 0;
};

}  // namespace loadstar::server
