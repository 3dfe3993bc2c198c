// Packed payloads (4.3).
#include "tests/emulator/engine/compression.hpp"

#include "tests/emulator/engine/tests/fixture.hpp"

#include <bzlib.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

namespace emulator::test {
namespace {

std::string deflated(const std::string& text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string in = text;
  std::string out(deflateBound(&stream, in.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string packed(const std::string& text, Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return deflated(text, 15 + 16);
    case Compression::kDeflate:
      return deflated(text, 15);
    case Compression::kBzip2: {
      std::string in = text;
      std::string out(in.size() * 2 + 1000, '\0');
      auto size = static_cast<unsigned>(out.size());
      EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, in.data(),
                                         static_cast<unsigned>(in.size()), 9, 0, 0),
                BZ_OK);
      out.resize(size);
      return out;
    }
    case Compression::kLz4Frame: {
      std::string out(LZ4F_compressFrameBound(text.size(), nullptr), '\0');
      out.resize(LZ4F_compressFrame(out.data(), out.size(), text.data(), text.size(), nullptr));
      return out;
    }
    case Compression::kZstd: {
      std::string out(ZSTD_compressBound(text.size()), '\0');
      out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
      return out;
    }
    default:
      return text;
  }
}

const std::vector<std::pair<std::string, Compression>> kCsvFormats = {
    {"gzip", Compression::kGzip},
    {"BZIP2", Compression::kBzip2},
    {"lz4", Compression::kLz4Frame},
    {"deflate", Compression::kDeflate},
    {"zstd", Compression::kZstd}};

class Packed : public EngineTest {
 protected:
  Packed() { run("CREATE TABLE test.t (a INT, b VARCHAR(100)) DUPLICATE KEY(a)"); }
  Cell count() { return query("SELECT COUNT(*) FROM t")[0][0]; }
};

TEST_F(Packed, CsvFormatsAlsoInSeveralFrames) {
  std::string first;
  for (int i = 0; i < 20000; ++i)
    first += std::to_string(i) + "\tsome text " + std::to_string(i * 7919) + "\n";
  for (const auto& [format, compression] : kCsvFormats) {
    SCOPED_TRACE(format);
    run("TRUNCATE TABLE test.t");
    load_ok("t", {{"format", format}},
            packed(first, compression) + packed("1\tx\n2\ty\n", compression));
    EXPECT_EQ(count(), "20002");
  }
}

TEST_F(Packed, TruncatedCsvFails) {
  for (const auto& [format, compression] : kCsvFormats) {
    SCOPED_TRACE(format);
    const std::string whole = packed("1\tx\n2\ty\n", compression);
    const LoadResult result = load("t", {{"format", format}}, whole.substr(0, whole.size() - 5));
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.counters.total, 0);
  }
  EXPECT_TRUE(load("t", {{"format", "zstd"}}, "no zstd at all").error);
}

TEST_F(Packed, JsonByBothHeaders) {
  const std::string body = R"({"a":1,"b":"x"} {"a":2,"b":"y"})";
  for (const auto& [name, compression] :
       std::vector<std::pair<std::string, Compression>>{{"GZIP", Compression::kGzip},
                                                        {"deflate", Compression::kDeflate},
                                                        {"BZIP2", Compression::kBzip2},
                                                        {"LZ4_FRAME", Compression::kLz4Frame},
                                                        {"ZSTD", Compression::kZstd},
                                                        {"NO_COMPRESSION", Compression::kNone}}) {
    for (const char* header : {"compression", "content-encoding"}) {
      SCOPED_TRACE(name + " " + header);
      run("TRUNCATE TABLE test.t");
      load_ok("t", {{"format", "json"}, {header, name}}, packed(body, compression));
      EXPECT_EQ(count(), "2");
    }
  }
}

TEST_F(Packed, JsonDropsWhatFollowsTheFirstLz4OrZstdFrame) {
  const std::string first = R"({"a":1})";
  const std::string second = R"({"a":2})";
  for (const auto& [name, compression, rows] :
       std::vector<std::tuple<std::string, Compression, std::string>>{
           {"GZIP", Compression::kGzip, "2"},
           {"BZIP2", Compression::kBzip2, "2"},
           {"LZ4_FRAME", Compression::kLz4Frame, "1"},
           {"ZSTD", Compression::kZstd, "1"}}) {
    SCOPED_TRACE(name);
    run("TRUNCATE TABLE test.t");
    load_ok("t", {{"format", "json"}, {"compression", name}},
            packed(first, compression) + packed(second, compression));
    EXPECT_EQ(count(), rows);
  }
}

TEST_F(Packed, CompressionHeaderMeansNothingForCsv) {
  const LoadResult result =
      load("t", {{"format", "csv"}, {"compression", "gzip"}}, packed("1\tx\n", Compression::kGzip));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message, "too many filtered rows");
}

TEST_F(Packed, NamesThatDoNotWork) {
  EXPECT_EQ(load("t", {{"format", "json"}, {"compression", "LZ4"}}, "{}").error->message,
            "Unknown compress type: 4");
  EXPECT_EQ(load("t", {{"format", "json"}, {"compression", "AUTO"}}, "{}").error->message,
            "Unsupported compression algorithm: 13");
  EXPECT_EQ(plan_error("t", {{"format", "json"}, {"compression", "rar"}}),
            "Unsupported compression type: rar");
  EXPECT_EQ(plan_error("t", {{"compression", "gzip"}, {"content-encoding", "gzip"}}),
            "Only one of http header content-encoding and compression can be set");
}

}  // namespace
}  // namespace emulator::test
