#include "core/ingest/slice_reader.hpp"

#include "core/base/assert.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace loadstar::ingest {

void SliceReader::begin_slice(std::size_t index) {
  passed_ += static_cast<std::uint64_t>(end_ - begin_);
  const std::string_view bytes = message_->slices()[index].view();
  slice_ = index;
  begin_ = bytes.data();
  at_ = begin_;
  end_ = begin_ + bytes.size();
}

bool SliceReader::long_varint(std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (left_ == 0) return false;
    const auto byte = static_cast<unsigned char>(*at_);
    step(1);
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
  while (count > 0) {
    const auto piece = std::min(count, static_cast<std::uint64_t>(end_ - at_));
    out.append(message_->slices()[slice_].sub(static_cast<std::size_t>(at_ - begin_), piece));
    count -= piece;
    step(piece);
  }
  return true;
}

bool SliceReader::take_contiguous(std::uint64_t count, Slice& out) {
  if (count > left_) return false;
  SliceList pieces;
  if (!take(count, pieces)) return false;
  out = pieces.slices().size() > 1 ? Slice::from_string(pieces.to_string())
        : pieces.empty()           ? Slice()
                                   : pieces.slices().front();
  return true;
}

bool SliceReader::advance(std::uint64_t count) {
  if (count > left_) return false;
  while (count > 0) {
    const auto piece = std::min(count, static_cast<std::uint64_t>(end_ - at_));
    count -= piece;
    step(piece);
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
