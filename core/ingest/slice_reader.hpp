#pragma once

#include "core/base/slice.hpp"
#include "core/ingest/wire_reader.hpp"

#include <cstddef>
#include <cstdint>

namespace loadstar::ingest {

/// Reads the protobuf wire format from a message that came in several slices, as gRPC delivers it.
/// A field may begin in one slice and end in another.
///
/// Every function returns false where WireReader's would; nothing is read beyond the end or the
/// innermost limit. Keeps no reference to the bytes but those it hands out.
class SliceReader {
 public:
  /// `message` must outlive the reader.
  explicit SliceReader(const SliceList& message) : message_(&message), left_(message.size()) {}

  /// Bytes up to the limit, or up to the end of the message.
  [[nodiscard]] std::uint64_t left() const { return left_; }
  [[nodiscard]] bool done() const { return left_ == 0; }
  /// Bytes read so far, for error texts.
  [[nodiscard]] std::uint64_t position() const { return position_; }

  [[nodiscard]] bool varint(std::uint64_t& value);
  [[nodiscard]] bool tag(WireTag& tag);
  /// Length of a length-delimited field; it never goes beyond the limit.
  [[nodiscard]] bool length(std::uint64_t& length);
  /// The next `count` bytes as sub-slices, uncopied.
  [[nodiscard]] bool take(std::uint64_t count, SliceList& out);
  /// The next `count` bytes as one slice; copied only if they span slices.
  [[nodiscard]] bool take_contiguous(std::uint64_t count, Slice& out);
  [[nodiscard]] bool skip(WireType type);

  /// Enters a nested message of `length` bytes, as length() gave it. Returns what leave() needs.
  [[nodiscard]] std::uint64_t enter(std::uint64_t length);
  /// Leaves a nested message that was read to its end.
  void leave(std::uint64_t outer_left) { left_ = outer_left; }

 private:
  [[nodiscard]] bool next_byte(unsigned char& byte);
  [[nodiscard]] bool advance(std::uint64_t count);

  const SliceList* message_;
  std::size_t slice_ = 0;   ///< index of the slice that the next byte is in
  std::size_t offset_ = 0;  ///< of the next byte within it
  std::uint64_t left_;
  std::uint64_t position_ = 0;
};

}  // namespace loadstar::ingest
