#include "tests/emulator/engine/compression.hpp"

#include <bzlib.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <memory>

namespace emulator {

namespace {

using Buffer = std::array<char, 1 << 16>;

[[noreturn]] void truncated(std::size_t size) {
  throw CompressionError("Failed to decompress. input_len:" + std::to_string(size) +
                         ", output_len:" + std::to_string(size));
}

/// zlib with a window of 15 bits plus `extra`: 0 is the zlib container, 32 detects gzip or zlib.
std::string inflate_all(std::string_view packed, int extra) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + extra) != Z_OK) throw CompressionError("Fail to init zlib");
  const std::unique_ptr<z_stream, void (*)(z_stream*)> guard(&stream,
                                                             [](z_stream* s) { inflateEnd(s); });
  std::string copy(packed);
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  std::string out;
  Buffer buffer{};
  while (stream.avail_in > 0) {
    int code = Z_OK;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream.avail_out = static_cast<uInt>(buffer.size());
      code = inflate(&stream, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        throw CompressionError(std::string("Fail to decompress: ") +
                               (stream.msg == nullptr ? "zlib" : stream.msg));
      }
      out.append(buffer.data(), buffer.size() - stream.avail_out);
    } while (code == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0));
    if (code != Z_STREAM_END) truncated(packed.size());
    inflateReset(&stream);
  }
  return out;
}

std::string bunzip_all(std::string_view packed) {
  std::string copy(packed);
  std::string out;
  Buffer buffer{};
  std::size_t at = 0;
  while (at < copy.size()) {
    bz_stream stream{};
    if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) throw CompressionError("Fail to init bzip2");
    const std::unique_ptr<bz_stream, void (*)(bz_stream*)> guard(
        &stream, [](bz_stream* s) { BZ2_bzDecompressEnd(s); });
    stream.next_in = copy.data() + at;
    stream.avail_in = static_cast<unsigned>(copy.size() - at);
    int code = BZ_OK;
    while (code == BZ_OK) {
      stream.next_out = buffer.data();
      stream.avail_out = static_cast<unsigned>(buffer.size());
      code = BZ2_bzDecompress(&stream);
      if (code != BZ_OK && code != BZ_STREAM_END)
        throw CompressionError("Fail to decompress: bzip2 error " + std::to_string(code));
      out.append(buffer.data(), buffer.size() - stream.avail_out);
      if (code == BZ_OK && stream.avail_in == 0 && stream.avail_out != 0) truncated(packed.size());
    }
    at = copy.size() - stream.avail_in;
  }
  return out;
}

std::string unlz4(std::string_view packed, bool all_frames) {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) {
    throw CompressionError("Fail to init lz4");
  }
  const std::unique_ptr<LZ4F_dctx, void (*)(LZ4F_dctx*)> guard(
      context, [](LZ4F_dctx* c) { LZ4F_freeDecompressionContext(c); });
  std::string out;
  Buffer buffer{};
  std::size_t at = 0;
  std::size_t hint = 1;
  while (at < packed.size() || hint != 0) {
    std::size_t produced = buffer.size();
    std::size_t consumed = packed.size() - at;
    hint =
        LZ4F_decompress(context, buffer.data(), &produced, packed.data() + at, &consumed, nullptr);
    if (LZ4F_isError(hint) != 0)
      throw CompressionError(std::string("LZ4F decompress error: ") + LZ4F_getErrorName(hint));
    out.append(buffer.data(), produced);
    at += consumed;
    if (hint == 0 && !all_frames) break;
    if (consumed == 0 && produced == 0 && hint != 0) truncated(packed.size());
  }
  return out;
}

std::string unzstd(std::string_view packed, bool all_frames) {
  const std::unique_ptr<ZSTD_DCtx, void (*)(ZSTD_DCtx*)> context(
      ZSTD_createDCtx(), [](ZSTD_DCtx* c) { ZSTD_freeDCtx(c); });
  std::string out;
  Buffer buffer{};
  ZSTD_inBuffer input{packed.data(), packed.size(), 0};
  std::size_t hint = 1;
  while (input.pos < input.size || hint != 0) {
    ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
    const std::size_t before = input.pos;
    hint = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(hint) != 0)
      throw CompressionError(std::string("ZSTD decompress failed: ") + ZSTD_getErrorName(hint));
    out.append(buffer.data(), output.pos);
    if (hint == 0 && !all_frames) break;
    if (hint != 0 && input.pos == before && output.pos == 0) truncated(packed.size());
  }
  return out;
}

}  // namespace

std::string decompress(std::string_view packed, Compression compression, bool all_frames) {
  if (packed.empty()) return {};
  switch (compression) {
    case Compression::kNone:
      return std::string(packed);
    case Compression::kGzip:
      return inflate_all(packed, 32);
    case Compression::kDeflate:
      return inflate_all(packed, 0);
    case Compression::kBzip2:
      return bunzip_all(packed);
    case Compression::kLz4Frame:
      return unlz4(packed, all_frames);
    case Compression::kZstd:
      return unzstd(packed, all_frames);
    case Compression::kSnappy:
      throw CompressionError("The emulator has no SNAPPY");
    case Compression::kUnsupported:
      break;
  }
  throw CompressionError("Unsupported compression type");
}

}  // namespace emulator
