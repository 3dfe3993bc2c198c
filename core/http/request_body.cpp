#include "core/http/request_body.hpp"

#include "core/base/assert.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace loadstar::http {

RequestBody::RequestBody(const SliceList& body, Framing framing, Compression compression)
    : slices_(body.slices()),
      chunked_(framing == Framing::kChunked),
      left_(body.size()),
      ended_(framing != Framing::kChunked) {
  window_.reserve(kMaxBuffers);
  if (compression == Compression::kNone) return;
  LOADSTAR_ASSERT(chunked_, "a compressed body has no length that is known");
  compressor_.emplace(body, compression);
  left_ = 0;
}

const std::vector<boost::asio::const_buffer>& RequestBody::window() {
  fill();
  return window_;
}

void RequestBody::consume(std::size_t bytes) {
  LOADSTAR_ASSERT(bytes <= window_bytes_, "no more is written than was handed out");
  window_bytes_ -= bytes;
  std::size_t whole = 0;
  while (whole < window_.size() && bytes >= window_[whole].size()) bytes -= window_[whole++].size();
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(whole));
  if (bytes > 0) window_.front() += bytes;
}

void RequestBody::fill() {
  if (compressor_) return fill_compressed();
  while (window_.size() < kMaxBuffers && window_bytes_ < kWindowBytes) {
    if (chunked_ && chunk_left_ == 0) {
      if (ended_) return;
      fill_framing();
    } else if (left_ > 0) {
      push_slice_bytes(chunked_ ? chunk_left_ : left_);
    } else {
      return;
    }
  }
}

/// The next piece, once the one before is written: its bytes stay where they are until then.
void RequestBody::fill_compressed() {
  if (!window_.empty() || ended_) return;
  const std::string_view piece = compressor_->next();
  left_ = piece.size();
  if (left_ > 0) {
    fill_framing();
    push(boost::asio::buffer(piece));
    left_ = 0;
  }
  if (compressor_->done()) fill_framing();
}

/// The end of the previous chunk and the head of the next one, or the last chunk, as one text.
void RequestBody::fill_framing() {
  chunk_left_ = std::min(left_, kChunkBytes);
  FramingText text{};
  char* end = text.data();
  if (!first_chunk_) end = std::copy_n("\r\n", 2, end);
  end = std::to_chars(end, text.data() + text.size(), chunk_left_, 16).ptr;
  end = std::copy_n("\r\n", 2, end);
  if (chunk_left_ == 0) {
    end = std::copy_n("\r\n", 2, end);
    ended_ = true;
  }
  first_chunk_ = false;
  push_text({text.data(), static_cast<std::size_t>(end - text.data())});
}

void RequestBody::push_slice_bytes(std::uint64_t limit) {
  const std::string_view rest = slices_[slice_].view().substr(offset_);
  const std::string_view part = rest.substr(0, std::min<std::uint64_t>(limit, rest.size()));
  push(boost::asio::buffer(part));
  left_ -= part.size();
  if (chunked_) chunk_left_ -= part.size();
  offset_ += part.size();
  if (part.size() == rest.size()) {
    ++slice_;
    offset_ = 0;
  }
}

void RequestBody::push_text(std::string_view text) {
  FramingText& place = texts_[next_text_];
  next_text_ = (next_text_ + 1) % texts_.size();
  std::memcpy(place.data(), text.data(), text.size());
  push(boost::asio::buffer(place.data(), text.size()));
}

void RequestBody::push(boost::asio::const_buffer buffer) {
  window_.push_back(buffer);
  window_bytes_ += buffer.size();
}

}  // namespace loadstar::http
