#pragma once

#include "core/base/slice.hpp"
#include "core/ingest/wire_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace loadstar::ingest {

/// Reads the protobuf wire format from a message that came in several slices, as gRPC delivers it.
/// A field may begin in one slice and end in another.
///
/// Every function returns false where WireReader's would; nothing is read beyond the end or the
/// innermost limit. Keeps no reference to the bytes but those it hands out.
class SliceReader {
 public:
  /// `message` must outlive the reader.
  explicit SliceReader(const SliceList& message) : message_(&message), left_(message.size()) {
    if (left_ > 0) begin_slice(0);
  }

  /// Bytes up to the limit, or up to the end of the message.
  [[nodiscard]] std::uint64_t left() const { return left_; }
  [[nodiscard]] bool done() const { return left_ == 0; }
  /// Bytes read so far, for error texts.
  [[nodiscard]] std::uint64_t position() const {
    return passed_ + static_cast<std::uint64_t>(at_ - begin_);
  }

  [[nodiscard]] bool varint(std::uint64_t& value) {
    if (left_ > 0 && static_cast<unsigned char>(*at_) < 0x80) {
      value = static_cast<unsigned char>(*at_);
      step(1);
      return true;
    }
    return long_varint(value);
  }
  /// Passes over the tag `tag` of one byte if it comes next.
  [[nodiscard]] bool pass(unsigned char tag) {
    if (left_ == 0 || static_cast<unsigned char>(*at_) != tag) return false;
    step(1);
    return true;
  }
  [[nodiscard]] bool tag(WireTag& tag);
  /// Length of a length-delimited field; it never goes beyond the limit.
  [[nodiscard]] bool length(std::uint64_t& length);
  /// The next `count` bytes as sub-slices, uncopied.
  [[nodiscard]] bool take(std::uint64_t count, SliceList& out);
  /// Whether the next `count` bytes are there and lie in one slice.
  [[nodiscard]] bool is_contiguous(std::uint64_t count) const {
    return count <= left_ && count <= static_cast<std::uint64_t>(end_ - at_);
  }
  /// The next `count` bytes, which is_contiguous(); they live as long as the message.
  [[nodiscard]] std::string_view take_view(std::uint64_t count) {
    const std::string_view view(at_, count);
    step(count);
    return view;
  }
  /// The next `count` bytes as one slice; copied only if they span slices.
  [[nodiscard]] bool take_contiguous(std::uint64_t count, Slice& out);
  [[nodiscard]] bool skip(WireType type);

  /// Enters a nested message of `length` bytes, as length() gave it. Returns what leave() needs.
  [[nodiscard]] std::uint64_t enter(std::uint64_t length);
  /// Leaves a nested message that was read to its end.
  void leave(std::uint64_t outer_left) { left_ = outer_left; }

 private:
  [[nodiscard]] bool long_varint(std::uint64_t& value);
  [[nodiscard]] bool advance(std::uint64_t count);
  void begin_slice(std::size_t index);

  /// Passes over `count` bytes of this slice.
  void step(std::uint64_t count) {
    at_ += count;
    left_ -= count;
    if (at_ == end_ && slice_ + 1 < message_->slices().size()) begin_slice(slice_ + 1);
  }

  const SliceList* message_;
  std::size_t slice_ = 0;        ///< index of the slice that the next byte is in
  const char* begin_ = nullptr;  ///< of that slice
  const char* at_ = nullptr;     ///< the next byte; end_ only at the end of the message
  const char* end_ = nullptr;    ///< of that slice
  std::uint64_t left_;
  std::uint64_t passed_ = 0;  ///< bytes of earlier slices
};

}  // namespace loadstar::ingest
