#include "core/http/request_body.hpp"

#include "core/base/random.hpp"
#include "tests/core/http/frame_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace loadstar::http {
namespace {

/// `total` bytes in slices of `slice` bytes, no two neighbouring bytes alike.
SliceList make_body(std::size_t total, std::size_t slice) {
  SliceList body;
  for (std::size_t at = 0; at < total; at += slice) {
    std::string text(std::min(slice, total - at), '\0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('!' + (at + i) % 90);
    body.append(Slice::from_string(std::move(text)));
  }
  return body;
}

/// Everything the body writes, taking `step` bytes at most from each window (0: whole windows).
std::string drain(RequestBody& body, std::size_t step) {
  std::string wire;
  while (!body.done()) {
    const auto& window = body.window();
    EXPECT_LE(window.size(), RequestBody::kMaxBuffers);
    std::string bytes;
    for (const auto& buffer : window) {
      EXPECT_GT(buffer.size(), 0U);
      bytes.append(static_cast<const char*>(buffer.data()), buffer.size());
    }
    const std::size_t taken = step == 0 ? bytes.size() : std::min(step, bytes.size());
    wire.append(bytes, 0, taken);
    body.consume(taken);
  }
  return wire;
}

std::string decode(std::string_view wire) { return read_chunks(wire, RequestBody::kChunkBytes); }

TEST(RequestBodyTest, NothingToSendIsDoneAtOnceUnlessChunked) {
  const SliceList empty;
  RequestBody none(empty, Framing::kNone);
  EXPECT_TRUE(none.done());
  RequestBody length(empty, Framing::kContentLength);
  EXPECT_TRUE(length.done());
  RequestBody chunked(empty, Framing::kChunked);
  EXPECT_EQ(drain(chunked, 0), "0\r\n\r\n");
}

TEST(RequestBodyTest, FramingIsRightForAllSizes) {
  constexpr std::size_t kChunk = RequestBody::kChunkBytes;
  for (const std::size_t total : {std::size_t{1}, std::size_t{1000}, kChunk - 1, kChunk, kChunk + 1,
                                  2 * kChunk, 2 * kChunk + 17}) {
    for (const std::size_t slice : {std::size_t{999}, std::size_t{16384}, std::size_t{70'001},
                                    kChunk, kChunk + 1, 3 * kChunk}) {
      const SliceList body = make_body(total, slice);
      const std::string text = body.to_string();
      for (const std::size_t step : {std::size_t{0}, std::size_t{65'537}}) {
        RequestBody chunked(body, Framing::kChunked);
        EXPECT_TRUE(decode(drain(chunked, step)) == text) << total << "/" << slice << "/" << step;
        RequestBody length(body, Framing::kContentLength);
        EXPECT_TRUE(drain(length, step) == text) << total << "/" << slice << "/" << step;
      }
    }
  }
}

TEST(RequestBodyTest, AnyPartialWritesGiveTheSameBytes) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    SliceList body;
    const auto slices = random.below(200);
    for (std::uint64_t i = 0; i < slices; ++i)
      body.append(Slice::from_string(random.token(1 + random.below(50))));
    const std::string text = body.to_string();
    RequestBody chunked(body, Framing::kChunked);
    EXPECT_EQ(decode(drain(chunked, 1 + random.below(300))), text) << round;
    RequestBody length(body, Framing::kContentLength);
    EXPECT_EQ(drain(length, 1 + random.below(300)), text) << round;
  }
}

TEST(RequestBodyTest, CompressedBodiesAreOneFrameInChunks) {
  for (const Compression compression :
       {Compression::kGzip, Compression::kLz4Frame, Compression::kZstd}) {
    for (const std::size_t total : {std::size_t{0}, std::size_t{1}, std::size_t{3'000'000}}) {
      const SliceList body = make_body(total, 70'001);
      const std::string text = body.to_string();
      for (const std::size_t step : {std::size_t{0}, std::size_t{1'001}}) {
        RequestBody out(body, Framing::kChunked, compression);
        EXPECT_FALSE(out.done()) << "even an empty body has a frame";
        const std::string frame = decode(drain(out, step));
        EXPECT_TRUE(out.done());
        EXPECT_TRUE(read_one_frame(frame, compression) == text) << total << "/" << step;
      }
    }
  }
}

TEST(RequestBodyTest, CompressedBodiesAreMadePieceByPiece) {
  const SliceList body = make_body(64U << 20U, 1U << 20U);
  RequestBody out(body, Framing::kChunked, Compression::kLz4Frame);
  std::size_t most = 0;
  while (!out.done()) {
    std::size_t bytes = 0;
    for (const auto& buffer : out.window()) bytes += buffer.size();
    most = std::max(most, bytes);
    out.consume(bytes);
  }
  EXPECT_LE(most, RequestBody::kChunkBytes);
}

TEST(RequestBodyTest, SlicesOf16KibFillAMebibyteInEachCall) {
  const SliceList body = make_body(8U << 20U, 16384);
  for (const Framing framing : {Framing::kContentLength, Framing::kChunked}) {
    RequestBody out(body, framing);
    std::size_t bytes = 0;
    for (const auto& buffer : out.window()) bytes += buffer.size();
    // 64 buffers, of which chunk framing takes two.
    EXPECT_GE(bytes, (1U << 20U) - (framing == Framing::kChunked ? 2 * 16384U : 0U));
  }
}

TEST(RequestBodyTest, PayloadIsNotCopied) {
  const SliceList body = make_body(100'000, 30'000);
  RequestBody out(body, Framing::kContentLength);
  const auto& window = out.window();
  ASSERT_EQ(window.size(), body.slices().size());
  for (std::size_t i = 0; i < window.size(); ++i) {
    EXPECT_EQ(window[i].data(), body.slices()[i].view().data());
  }
}

}  // namespace
}  // namespace loadstar::http
