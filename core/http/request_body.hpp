#pragma once

#include "core/base/slice.hpp"
#include "core/http/body_compressor.hpp"
#include "core/http/message.hpp"

#include <boost/asio/buffer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace loadstar::http {

/// The body of a request as it goes over the wire: the slices themselves, uncopied, with chunk
/// framing between them if asked for; or compressed, each piece as a chunk, made when the one
/// before it is written. Pure: hands out buffers, and is told how much of them was written.
///
/// A window holds at most 64 buffers, the most that one sendmsg() of Asio takes, and at least 1 MiB
/// as long as the slices are 16 KiB or more (performance.md 3: the system call is what costs).
class RequestBody {
 public:
  static constexpr std::size_t kMaxBuffers = 64;
  static constexpr std::uint64_t kWindowBytes = 4U << 20U;  ///< 4 MiB a call was measured best
  static constexpr std::uint64_t kChunkBytes = 1U << 20U;   ///< starrocks-load-protocol.md 4.5

  /// `body` must outlive this object. A compressed body is always kChunked: its length is not known
  /// before its end.
  RequestBody(const SliceList& body, Framing framing, Compression compression = Compression::kNone);
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;

  /// The next bytes to write; empty once everything was consumed. Valid until the next consume().
  [[nodiscard]] const std::vector<boost::asio::const_buffer>& window();

  /// `bytes` of the window, from its front, are written.
  void consume(std::size_t bytes);

  /// Whether there is nothing (more) to write.
  [[nodiscard]] bool done() const { return window_.empty() && left_ == 0 && ended_; }

 private:
  /// Room for "\r\n" + 16 hexadecimal digits + "\r\n", or "\r\n0\r\n\r\n".
  using FramingText = std::array<char, 24>;

  void fill();
  void fill_compressed();
  void fill_framing();
  void push_slice_bytes(std::uint64_t limit);
  void push_text(std::string_view text);
  void push(boost::asio::const_buffer buffer);

  const std::vector<Slice>& slices_;
  const bool chunked_;
  std::optional<BodyCompressor> compressor_;
  std::size_t slice_ = 0;         // next slice
  std::size_t offset_ = 0;        // first byte of it that is in no window
  std::uint64_t left_;            // payload bytes that are in no window
  std::uint64_t chunk_left_ = 0;  // of them, in the current chunk
  bool first_chunk_ = true;
  bool ended_;  // the last chunk is in a window
  std::vector<boost::asio::const_buffer> window_;
  std::uint64_t window_bytes_ = 0;
  std::array<FramingText, kMaxBuffers>
      texts_;  // ring: a text lives as long as it can be in the window
  std::size_t next_text_ = 0;
};

}  // namespace loadstar::http
