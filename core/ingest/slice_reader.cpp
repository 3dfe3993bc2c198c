#include "core/ingest/slice_reader.hpp"

#include "core/base/assert.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace loadstar::ingest {

bool SliceReader::next_byte(unsigned char& byte) {
  if (left_ == 0) return false;
  const Slice& slice = message_->slices()[slice_];
  byte = static_cast<unsigned char>(slice.view()[offset_]);
  --left_;
  ++position_;
  if (++offset_ == slice.size()) {
    ++slice_;
    offset_ = 0;
  }
  return true;
}

bool SliceReader::varint(std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    unsigned char byte = 0;
    if (!next_byte(byte)) return false;
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool SliceReader::tag(WireTag& tag) {
  std::uint64_t value = 0;
  return varint(value) && parse_tag(value, tag);
}

bool SliceReader::length(std::uint64_t& length) { return varint(length) && length <= left_; }

bool SliceReader::take(std::uint64_t count, SliceList& out) {
  if (count > left_) return false;
  left_ -= count;
  position_ += count;
  while (count > 0) {
    const Slice& slice = message_->slices()[slice_];
    const std::size_t piece = std::min<std::uint64_t>(count, slice.size() - offset_);
    out.append(slice.sub(offset_, piece));
    count -= piece;
    offset_ += piece;
    if (offset_ == slice.size()) {
      ++slice_;
      offset_ = 0;
    }
  }
  return true;
}

bool SliceReader::take_contiguous(std::uint64_t count, Slice& out) {
  if (count > left_) return false;
  if (count == 0) {
    out = Slice();
    return true;
  }
  const Slice& slice = message_->slices()[slice_];
  if (slice.size() - offset_ >= count) {
    out = slice.sub(offset_, count);
    return advance(count);
  }
  SliceList pieces;
  if (!take(count, pieces)) return false;
  out = Slice::from_string(pieces.to_string());
  return true;
}

bool SliceReader::advance(std::uint64_t count) {
  if (count > left_) return false;
  left_ -= count;
  position_ += count;
  while (count > 0) {
    const std::uint64_t here = message_->slices()[slice_].size() - offset_;
    const std::uint64_t piece = std::min(count, here);
    count -= piece;
    offset_ += piece;
    if (piece == here) {
      ++slice_;
      offset_ = 0;
    }
  }
  return true;
}

bool SliceReader::skip(WireType type) {
  std::uint64_t number = 0;
  switch (type) {
    case WireType::kVarint:
      return varint(number);
    case WireType::kFixed64:
      return advance(8);
    case WireType::kBytes:
      return length(number) && advance(number);
    case WireType::kFixed32:
      return advance(4);
  }
  return false;
}

std::uint64_t SliceReader::enter(std::uint64_t length) {
  LOADSTAR_ASSERT(length <= left_, "a nested message ends within the message around it");
  const std::uint64_t outer_left = left_ - length;
  left_ = length;
  return outer_left;
}

}  // namespace loadstar::ingest
