#pragma once

#include "core/base/slice.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace loadstar::ingest {

/// A growing run of bytes that becomes a Slice without a copy. Unlike std::string it hands out room
/// to write into that nobody has zeroed before: the encoders spend their time on little else.
class TextBuffer {
 public:
  /// Room for `capacity` bytes at first; it doubles when needed.
  explicit TextBuffer(std::size_t capacity)
      : bytes_(std::make_shared_for_overwrite<char[]>(std::max<std::size_t>(capacity, 64))),
        capacity_(std::max<std::size_t>(capacity, 64)) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

  /// Where at least `count` bytes may be written; commit() makes them part of the text.
  [[nodiscard, gnu::always_inline]] char* room(std::size_t count) {
    if (capacity_ - size_ < count) grow(count);
    return bytes_.get() + size_;
  }
  void commit(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.get()); }

  void append(std::string_view text) {
    char* to = room(text.size());
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    size_ += text.size();
  }
  [[gnu::always_inline]] void append(char character) {
    *room(1) = character;
    ++size_;
  }

  /// Forgets everything after the first `size` bytes.
  void truncate(std::size_t size) { size_ = size; }

  /// Hands the text over; the buffer is then not to be used.
  [[nodiscard]] Slice take() {
    const std::string_view text = view();
    return Slice(std::shared_ptr<const void>(std::move(bytes_)), text);
  }

 private:
  [[gnu::noinline]] void grow(std::size_t count) {
    const std::size_t capacity = std::max(capacity_ * 2, size_ + count);
    auto bytes = std::make_shared_for_overwrite<char[]>(capacity);
    std::memcpy(bytes.get(), bytes_.get(), size_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  std::shared_ptr<char[]> bytes_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

}  // namespace loadstar::ingest
