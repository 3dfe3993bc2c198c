#pragma once

#include "core/base/compression.hpp"
#include "core/base/slice.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace loadstar::http {

/// Compresses the bytes of a body, piece by piece and in bounded memory, into exactly one gzip
/// member, LZ4 frame or zstd frame: StarRocks drops what follows the first frame of a JSON body
/// without a word (starrocks-load-protocol.md 4.3). LZ4 and zstd frames name the size of the
/// content and end with a checksum of it, as gzip does.
///
/// Pure: hands out buffers. A codec that cannot get its memory throws std::bad_alloc.
class BodyCompressor {
 public:
  /// Input that is compressed in one go: well below a millisecond of a strand's time for LZ4, a few
  /// for gzip.
  static constexpr std::size_t kStepBytes = 256U << 10U;
  /// A piece is at least this large, unless it is the last one or took kMostInput.
  static constexpr std::size_t kLeastPiece = 64U << 10U;
  /// After so much input a piece goes out however small it is: what compresses very well must not
  /// keep a strand busy for long. (gzip alone may hold back up to 4 MiB of one repeated byte.)
  static constexpr std::size_t kMostInput = 1U << 20U;

  /// `body` must outlive this object; `compression` is not kNone.
  BodyCompressor(const SliceList& body, Compression compression);
  BodyCompressor(const BodyCompressor&) = delete;
  BodyCompressor& operator=(const BodyCompressor&) = delete;
  ~BodyCompressor();

  /// The next compressed bytes, at most 1 MiB; empty once the frame is complete. Valid until the
  /// next call.
  [[nodiscard]] std::string_view next();

  /// Whether next() has nothing more to give.
  [[nodiscard]] bool done() const { return ended_; }

  /// Most bytes that `size` bytes of payload can become.
  [[nodiscard]] static std::uint64_t bound(std::uint64_t size);

 private:
  class Codec;
  class Gzip;
  class Lz4Frame;
  class Zstd;

  [[nodiscard]] static std::unique_ptr<Codec> make_codec(Compression compression,
                                                         std::uint64_t size);

  const std::vector<Slice>& slices_;
  std::unique_ptr<Codec> codec_;
  std::size_t slice_ = 0;   // next slice
  std::size_t offset_ = 0;  // first byte of it that was not compressed yet
  bool ended_ = false;
};

}  // namespace loadstar::http
