#include "core/http/body_compressor.hpp"

#include "core/base/random.hpp"
#include "core/http/request_body.hpp"
#include "tests/core/http/frame_reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace loadstar::http {
namespace {

constexpr std::array kAll{Compression::kGzip, Compression::kLz4Frame, Compression::kZstd};

/// Rows of the kind that loads have: they compress about as well as such rows do.
std::string rows_text(std::size_t bytes, Random& random) {
  std::string text;
  while (text.size() < bytes) {
    text += std::to_string(random.below(1'000'000)) + "\x01name " + random.token(4) + "\x01" +
            "2024-02-29 13:14:15\x02";
  }
  text.resize(bytes);
  return text;
}

SliceList in_slices(const std::string& text, std::size_t slice) {
  SliceList body;
  for (std::size_t at = 0; at < text.size(); at += slice) {
    body.append(Slice::from_string(text.substr(at, slice)));
  }
  return body;
}

std::string compressed(const SliceList& body, Compression compression) {
  BodyCompressor compressor(body, compression);
  std::string frame;
  while (true) {
    const std::string_view piece = compressor.next();
    if (piece.empty()) break;
    EXPECT_LE(piece.size(), RequestBody::kChunkBytes);
    frame += piece;
  }
  EXPECT_TRUE(compressor.done());
  EXPECT_TRUE(compressor.next().empty()) << "there is one frame, and it ends once";
  return frame;
}

TEST(BodyCompressorTest, OneFrameOfTheSameBytesForAllSizesAndCuts) {
  Random random(1);
  for (const Compression compression : kAll) {
    for (const std::size_t size : {0U, 1U, 100U, 65'536U, 262'144U, 262'145U, 3'000'000U}) {
      const std::string text = rows_text(size, random);
      for (const std::size_t slice : {777U, 65'536U, 1'000'000U}) {
        const std::string frame = compressed(in_slices(text, slice), compression);
        EXPECT_TRUE(read_one_frame(frame, compression) == text) << size << "/" << slice;
        EXPECT_LE(frame.size(), BodyCompressor::bound(size));
      }
    }
  }
}

TEST(BodyCompressorTest, BytesThatDoNotCompressStayWithinTheBound) {
  Random random(2);
  std::string noise(2'000'000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random.below(256));
  for (const Compression compression : kAll) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{50'000}, noise.size()}) {
      const std::string part = noise.substr(0, size);
      const std::string frame = compressed(in_slices(part, 100'000), compression);
      EXPECT_LE(frame.size(), BodyCompressor::bound(size));
      EXPECT_TRUE(read_one_frame(frame, compression) == part);
    }
  }
}

TEST(BodyCompressorTest, RowsShrink) {
  Random random(3);
  const std::string text = rows_text(1'000'000, random);
  for (const Compression compression : kAll) {
    EXPECT_LT(compressed(in_slices(text, 65'536), compression).size(), text.size() / 2);
  }
}

TEST(BodyCompressorTest, PiecesAreLargeUnlessTheInputShrinksToNothing) {
  Random random(5);
  std::string noise(1'000'000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random.below(256));
  const SliceList body = in_slices(noise, 100'000);
  const SliceList blank = in_slices(std::string(64U << 20U, 'x'), 1U << 20U);
  for (const Compression compression : kAll) {
    BodyCompressor compressor(body, compression);
    while (true) {
      const std::size_t size = compressor.next().size();
      if (compressor.done()) break;
      EXPECT_GE(size, BodyCompressor::kLeastPiece);
    }
    BodyCompressor shrinking(blank, compression);
    int pieces = 0;
    for (; !shrinking.done(); ++pieces) EXPECT_FALSE(shrinking.next().empty());
    EXPECT_GE(pieces, 64 / 5) << "no piece takes more than five MiB";
  }
}

TEST(BodyCompressorTest, ManySmallSlicesAreOneFrame) {
  Random random(4);
  const std::string text = rows_text(200'000, random);
  for (const Compression compression : kAll) {
    EXPECT_TRUE(read_one_frame(compressed(in_slices(text, 1), compression), compression) == text);
  }
}

}  // namespace
}  // namespace loadstar::http
