#include "core/http/body_compressor.hpp"

#include "core/base/assert.hpp"

#include <lz4frame.h>
// Or its input would not be const.
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <new>

namespace loadstar::http {
namespace {

/// Room that is asked for at once where a codec does not say how much it needs.
constexpr std::size_t kRoom = 64U << 10U;

/// Speed before size: the daemon's core is dearer than the network's bytes (performance.md 3).
constexpr int kGzipLevel = 1;
constexpr int kZstdLevel = 1;

}  // namespace

/// One frame in the making, and the piece of it that is ready. Its memory is used again for every
/// piece, so that small slices cost no more than their bytes.
class BodyCompressor::Codec {
 public:
  Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  virtual ~Codec() = default;

  /// Compresses `input`; what is ready goes to the piece.
  virtual void add(std::string_view input) = 0;
  /// Adds the end of the frame to the piece; once, after the last add().
  virtual void end() = 0;

  [[nodiscard]] std::string_view piece() const { return {memory_.data(), used_}; }
  void clear_piece() { used_ = 0; }

 protected:
  /// Room for `bytes` behind the piece.
  char* room(std::size_t bytes) {
    if (memory_.size() - used_ < bytes) memory_.resize(used_ + bytes);
    return memory_.data() + used_;
  }
  /// So many bytes of the room are used.
  void commit(std::size_t bytes) { used_ += bytes; }

 private:
  std::vector<char> memory_;
  std::size_t used_ = 0;
};

class BodyCompressor::Gzip final : public Codec {
 public:
  Gzip() {
    constexpr int kGzipWindow = 15 + 16;
    constexpr int kMemoryLevel = 8;
    const int code = deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                                  Z_DEFAULT_STRATEGY);
    if (code != Z_OK) throw std::bad_alloc();
  }
  ~Gzip() override { deflateEnd(&stream_); }

  void add(std::string_view input) override {
    stream_.next_in = reinterpret_cast<const Bytef*>(input.data());
    stream_.avail_in = static_cast<uInt>(input.size());
    while (stream_.avail_in > 0) run(Z_NO_FLUSH);
  }
  void end() override {
    while (run(Z_FINISH) != Z_STREAM_END) continue;
  }

 private:
  int run(int flush) {
    stream_.next_out = reinterpret_cast<Bytef*>(room(kRoom));
    stream_.avail_out = static_cast<uInt>(kRoom);
    const int code = deflate(&stream_, flush);
    LOADSTAR_ASSERT(code != Z_STREAM_ERROR, "zlib is called as its manual says");
    commit(kRoom - stream_.avail_out);
    return code;
  }

  z_stream stream_{};
};

class BodyCompressor::Lz4Frame final : public Codec {
 public:
  explicit Lz4Frame(std::uint64_t size) {
    const auto code = LZ4F_createCompressionContext(&context_, LZ4F_VERSION);
    if (LZ4F_isError(code) != 0) throw std::bad_alloc();
    preferences_.frameInfo.blockSizeID = LZ4F_max256KB;
    preferences_.frameInfo.blockMode = LZ4F_blockIndependent;
    preferences_.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    preferences_.frameInfo.contentSize = size;
  }
  ~Lz4Frame() override { LZ4F_freeCompressionContext(context_); }

  void add(std::string_view input) override {
    begin();
    const std::size_t most = LZ4F_compressBound(input.size(), &preferences_);
    char* const to = room(most);
    take(LZ4F_compressUpdate(context_, to, most, input.data(), input.size(), nullptr));
  }
  void end() override {
    begin();
    const std::size_t most = LZ4F_compressBound(0, &preferences_);
    char* const to = room(most);
    take(LZ4F_compressEnd(context_, to, most, nullptr));
  }

 private:
  void begin() {
    if (begun_) return;
    begun_ = true;
    char* const to = room(LZ4F_HEADER_SIZE_MAX);
    take(LZ4F_compressBegin(context_, to, LZ4F_HEADER_SIZE_MAX, &preferences_));
  }

  void take(std::size_t written) {
    LOADSTAR_ASSERT(LZ4F_isError(written) == 0, "the room was as large as LZ4F_compressBound says");
    commit(written);
  }

  LZ4F_cctx* context_ = nullptr;
  LZ4F_preferences_t preferences_{};
  bool begun_ = false;
};

class BodyCompressor::Zstd final : public Codec {
 public:
  explicit Zstd(std::uint64_t size) : context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    set(ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, kZstdLevel));
    set(ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1));
    set(ZSTD_CCtx_setPledgedSrcSize(context_, size));
  }
  ~Zstd() override { ZSTD_freeCCtx(context_); }

  void add(std::string_view input) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    while (in.pos < in.size) run(in, ZSTD_e_continue);
  }
  void end() override {
    ZSTD_inBuffer in{nullptr, 0, 0};
    while (run(in, ZSTD_e_end) != 0) continue;
  }

 private:
  static void set(std::size_t code) {
    LOADSTAR_ASSERT(ZSTD_isError(code) == 0, "the parameters are within their ranges");
  }

  std::size_t run(ZSTD_inBuffer& in, ZSTD_EndDirective directive) {
    ZSTD_outBuffer to{room(kRoom), kRoom, 0};
    const std::size_t left = ZSTD_compressStream2(context_, &to, &in, directive);
    if (ZSTD_isError(left) != 0) throw std::bad_alloc();
    commit(to.pos);
    return left;
  }

  ZSTD_CCtx* context_;
};

std::unique_ptr<BodyCompressor::Codec> BodyCompressor::make_codec(Compression compression,
                                                                  std::uint64_t size) {
  switch (compression) {
    case Compression::kGzip:
      return std::make_unique<Gzip>();
    case Compression::kLz4Frame:
      return std::make_unique<Lz4Frame>(size);
    case Compression::kZstd:
      return std::make_unique<Zstd>(size);
    case Compression::kNone:
      break;
  }
  LOADSTAR_ASSERT(false, "a body without a codec is not compressed");
  return nullptr;
}

BodyCompressor::BodyCompressor(const SliceList& body, Compression compression)
    : slices_(body.slices()), codec_(make_codec(compression, body.size())) {}

BodyCompressor::~BodyCompressor() = default;

std::string_view BodyCompressor::next() {
  codec_->clear_piece();
  std::size_t taken = 0;
  while (!ended_ && codec_->piece().size() < kLeastPiece) {
    if (taken >= kMostInput && !codec_->piece().empty()) break;
    if (slice_ == slices_.size()) {
      codec_->end();
      ended_ = true;
      break;
    }
    const std::string_view rest = slices_[slice_].view().substr(offset_);
    const std::string_view part = rest.substr(0, kStepBytes);
    codec_->add(part);
    taken += part.size();
    offset_ += part.size();
    if (part.size() == rest.size()) {
      ++slice_;
      offset_ = 0;
    }
  }
  return codec_->piece();
}

std::uint64_t BodyCompressor::bound(std::uint64_t size) {
  // What does not compress is stored: five bytes for each 16 KiB and less (RFC 1951 3.2.4), and
  // head and tail of the frame.
  return size + size / 1024 + 1024;
}

}  // namespace loadstar::http
