#pragma once

#include <ctime>
#include <memory>
#include <string>

namespace loadstar::server {

/// A file in memory without a name, for a library that wants a path. Whoever opens path() has one
/// whole text, the old or the new: replace() changes which file the path leads to. Nothing of it
/// is ever on a disk, and it goes away with the process, however that ends.
///
/// replace() is called by one thread at a time; the path is opened from any.
class AnonymousFile {
 public:
  /// Holds `text`; nullptr with `error` if the system does not give one.
  [[nodiscard]] static std::unique_ptr<AnonymousFile> create(const std::string& text,
                                                             std::string& error);
  AnonymousFile(const AnonymousFile&) = delete;
  AnonymousFile& operator=(const AnonymousFile&) = delete;
  ~AnonymousFile();

  /// Where this process, and no other, opens it.
  [[nodiscard]] std::string path() const;

  /// From now on path() has `text`, with another time of modification. False with `error` if that
  /// cannot be, and then it has what it had.
  bool replace(const std::string& text, std::string& error);

 private:
  explicit AnonymousFile(int descriptor) : descriptor_(descriptor) {}

  const int descriptor_;
  std::time_t modified_ = 1;
};

}  // namespace loadstar::server
