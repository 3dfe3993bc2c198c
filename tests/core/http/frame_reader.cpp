#include "tests/core/http/frame_reader.hpp"

#include <lz4frame.h>
// Or its input would not be const.
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include <charconv>
#include <vector>

namespace loadstar::http {
namespace {

constexpr std::size_t kStep = 1U << 16U;

std::string read_gzip(std::string_view frame) {
  constexpr int kGzipOnly = 15 + 16;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) return "BAD INIT";
  stream.next_in = reinterpret_cast<const Bytef*>(frame.data());
  stream.avail_in = static_cast<uInt>(frame.size());
  std::string text;
  std::vector<char> buffer(kStep);
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    code = inflate(&stream, Z_NO_FLUSH);
    text.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  const auto rest = stream.avail_in;
  inflateEnd(&stream);
  if (code != Z_STREAM_END) return "BAD GZIP " + std::to_string(code);
  return rest == 0 ? text : "BAD END";
}

std::string read_lz4(std::string_view frame) {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) return "BAD INIT";
  LZ4F_frameInfo_t info{};
  std::size_t at = frame.size();
  std::size_t hint = LZ4F_getFrameInfo(context, &info, frame.data(), &at);
  std::string text;
  std::vector<char> buffer(kStep);
  while (hint != 0 && LZ4F_isError(hint) == 0) {
    std::size_t produced = buffer.size();
    std::size_t consumed = frame.size() - at;
    hint =
        LZ4F_decompress(context, buffer.data(), &produced, frame.data() + at, &consumed, nullptr);
    if (LZ4F_isError(hint) != 0) break;
    text.append(buffer.data(), produced);
    at += consumed;
    if (consumed == 0 && produced == 0) break;
  }
  LZ4F_freeDecompressionContext(context);
  if (hint != 0) return "BAD LZ4";
  if (info.contentSize != text.size()) return "BAD SIZE";
  if (info.contentChecksumFlag != LZ4F_contentChecksumEnabled) return "BAD CHECKSUM";
  return at == frame.size() ? text : "BAD END";
}

std::string read_zstd(std::string_view frame) {
  ZSTD_DCtx* const context = ZSTD_createDCtx();
  ZSTD_inBuffer in{frame.data(), frame.size(), 0};
  std::string text;
  std::vector<char> buffer(kStep);
  std::size_t hint = 1;
  while (hint != 0 && ZSTD_isError(hint) == 0) {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    const std::size_t before = in.pos;
    hint = ZSTD_decompressStream(context, &out, &in);
    text.append(buffer.data(), out.pos);
    if (in.pos == before && out.pos == 0) break;
  }
  ZSTD_freeDCtx(context);
  if (hint != 0) return "BAD ZSTD";
  if (ZSTD_getFrameContentSize(frame.data(), frame.size()) != text.size()) return "BAD SIZE";
  return in.pos == frame.size() ? text : "BAD END";
}

}  // namespace

std::string read_one_frame(std::string_view frame, Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return read_gzip(frame);
    case Compression::kLz4Frame:
      return read_lz4(frame);
    case Compression::kZstd:
      return read_zstd(frame);
    case Compression::kNone:
      break;
  }
  return std::string(frame);
}

std::string read_chunks(std::string_view wire, std::size_t most) {
  std::string payload;
  while (true) {
    const auto eol = wire.find("\r\n");
    if (eol == std::string_view::npos || eol == 0) return "BAD CHUNK HEAD";
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(wire.data(), wire.data() + eol, size, 16);
    if (error != std::errc() || end != wire.data() + eol) return "BAD CHUNK SIZE";
    if (size > most) return "BAD CHUNK: TOO LARGE";
    wire.remove_prefix(eol + 2);
    if (size == 0) return wire == "\r\n" ? payload : "BAD END";
    if (wire.size() < size + 2 || wire.substr(size, 2) != "\r\n") return "BAD CHUNK END";
    payload.append(wire.substr(0, size));
    wire.remove_prefix(size + 2);
  }
}

}  // namespace loadstar::http
