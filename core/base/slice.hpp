#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loadstar {

/// A read-only run of bytes that keeps its storage alive. Copying one copies a pointer, never the
/// bytes, so a payload goes from the gRPC message to the socket uncopied (architecture.md D7).
///
/// Immutable after construction; safe to read and to copy on several threads at once.
class Slice {
 public:
  Slice() = default;

  /// `bytes` must stay valid as long as `owner` lives.
  Slice(std::shared_ptr<const void> owner, std::string_view bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}

  /// Takes over the storage of a string.
  static Slice from_string(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    const std::string_view bytes = *owner;
    return Slice(std::move(owner), bytes);
  }

  /// Bytes with static storage duration, for example a literal.
  static Slice from_static(std::string_view bytes) { return Slice(nullptr, bytes); }

  [[nodiscard]] std::string_view view() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  /// The part from `offset` on, at most `count` bytes long; shares the storage.
  [[nodiscard]] Slice sub(std::size_t offset, std::size_t count = std::string_view::npos) const {
    return Slice(owner_, bytes_.substr(offset, count));
  }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
};

/// Bytes in order, in pieces: what one request body or one message consists of.
class SliceList {
 public:
  SliceList() = default;

  /// Adds `slice` at the end; an empty one is left out.
  void append(Slice slice) {
    if (slice.empty()) return;
    size_ += slice.size();
    slices_.push_back(std::move(slice));
  }

  void append(const SliceList& other) {
    for (const Slice& slice : other.slices_) append(slice);
  }

  [[nodiscard]] const std::vector<Slice>& slices() const { return slices_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// All bytes in one string; copies. For tests, error texts and small bodies.
  [[nodiscard]] std::string to_string() const {
    std::string text;
    text.reserve(size_);
    for (const Slice& slice : slices_) text.append(slice.view());
    return text;
  }

 private:
  std::vector<Slice> slices_;
  std::uint64_t size_ = 0;
};

}  // namespace loadstar
