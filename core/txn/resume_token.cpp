#include "core/txn/resume_token.hpp"

#include "core/base/assert.hpp"
#include "core/ingest/utf8.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace loadstar::txn {
namespace {

constexpr std::string_view kMagic("LST");
constexpr char kVersion = 1;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kMaxName = 1024;
/// A part takes four bytes at least, so the size of the token bounds their number.
constexpr std::size_t kMinPartBytes = 4;

std::uint32_t checksum(std::string_view bytes) {
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());  // NOLINT(*-reinterpret-cast)
  return static_cast<std::uint32_t>(::crc32(0, data, static_cast<uInt>(bytes.size())));
}

class Writer {
 public:
  void number(std::uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>((value & 0x7FU) | 0x80U));
      value >>= 7U;
    }
    bytes_.push_back(static_cast<char>(value));
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_.append(value);
  }
  void raw(std::string_view value) { bytes_.append(value); }
  [[nodiscard]] std::string take() {
    const std::uint32_t sum = checksum(bytes_);
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes_.push_back(static_cast<char>((sum >> shift) & 0xFFU));
    }
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

/// Reads what Writer wrote; each step fails softly, and `ok()` says so in the end.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) {
        // Only the shortest form is ours, so that equal tokens have equal bytes.
        if (byte == 0 && shift > 0) break;
        return value;
      }
    }
    ok_ = false;
    return 0;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (!ok_ || size > kMaxName || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  [[nodiscard]] bool ok() const { return ok_; }
  void fail() { ok_ = false; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

Refusal bad_token(std::string_view what) {
  Refusal refusal;
  refusal.reason = Reason::kBadResumeToken;
  refusal.message = fmt::format(
      "the resume token {}; pass the bytes of the last Checkpoint "
      "unchanged",
      what);
  return refusal;
}

bool in_bounds(const ResumeToken& token) {
  using namespace starrocks;  // NOLINT(google-build-using-namespace)
  if (!is_label_prefix(token.prefix) || !is_writer_name(token.writer)) return false;
  if (token.database.empty() || !ingest::is_printable(token.database)) return false;
  if (token.epoch == 0 || token.epoch > kMaxEpoch) return false;
  if (token.checkpoint > kMaxCheckpoint) return false;
  return std::all_of(token.parts.begin(), token.parts.end(), [&token](const TokenPart& part) {
    return !part.table.empty() && ingest::is_printable(part.table) && part.epoch >= 1 &&
           part.epoch <= token.epoch && part.checkpoint >= 1 &&
           part.checkpoint <= token.checkpoint && part.part <= kMaxPart;
  });
}

}  // namespace

std::string encode(const ResumeToken& token) {
  std::vector<std::string_view> tables;
  for (const TokenPart& part : token.parts) {
    if (std::find(tables.begin(), tables.end(), part.table) == tables.end()) {
      tables.push_back(part.table);
    }
  }
  Writer out;
  out.raw(kMagic);
  out.raw({&kVersion, 1});
  out.text(token.prefix);
  out.text(token.writer);
  out.text(token.database);
  out.number(token.epoch);
  out.number(token.checkpoint);
  out.number(token.last_sequence);
  out.number(tables.size());
  for (const std::string_view table : tables) out.text(table);
  out.number(token.parts.size());
  for (const TokenPart& part : token.parts) {
    const auto index = std::find(tables.begin(), tables.end(), part.table) - tables.begin();
    out.number(static_cast<std::uint64_t>(index));
    out.number(part.epoch);
    out.number(part.checkpoint);
    out.number(part.part);
  }
  return out.take();
}

Answer<ResumeToken> decode_resume_token(std::string_view bytes) {
  if (bytes.size() > kMaxTokenBytes) {
    return bad_token(fmt::format("has {} bytes, more than any token", bytes.size()));
  }
  const std::size_t head = kMagic.size() + 1;
  if (bytes.size() < head + kChecksumBytes || !bytes.starts_with(kMagic)) {
    return bad_token("is not one of Loadstar");
  }
  if (bytes[kMagic.size()] != kVersion) {
    return bad_token(fmt::format("has version {}, and this daemon reads version {}",
                                 static_cast<unsigned>(static_cast<unsigned char>(bytes[3])),
                                 static_cast<unsigned>(kVersion)));
  }
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[body.size() + i]);
    sum |= std::uint32_t{byte} << (8U * i);
  }
  if (sum != checksum(body)) return bad_token("is damaged (its checksum does not match)");

  Reader in(body.substr(head));
  ResumeToken token;
  token.prefix = in.text();
  token.writer = in.text();
  token.database = in.text();
  token.epoch = in.number();
  token.checkpoint = in.number();
  token.last_sequence = in.number();
  std::vector<std::string> tables;
  const std::uint64_t table_count = in.number();
  if (table_count > in.left()) in.fail();
  for (std::uint64_t i = 0; in.ok() && i < table_count; ++i) tables.push_back(in.text());
  const std::uint64_t part_count = in.number();
  if (part_count > in.left() / kMinPartBytes) in.fail();
  for (std::uint64_t i = 0; in.ok() && i < part_count; ++i) {
    const std::uint64_t table = in.number();
    TokenPart part;
    part.epoch = in.number();
    part.checkpoint = in.number();
    part.part = in.number();
    if (table >= tables.size()) {
      in.fail();
      break;
    }
    part.table = tables[table];
    token.parts.push_back(std::move(part));
  }
  if (!in.ok() || in.left() > 0 || !in_bounds(token)) return bad_token("is malformed");
  return token;
}

std::string label_of(const ResumeToken& token, const TokenPart& part) {
  const auto label = starrocks::build(starrocks::PartLabel{token.prefix, token.writer,
                                                           starrocks::database_hash(token.database),
                                                           part.epoch, part.checkpoint, part.part});
  LOADSTAR_ASSERT(label.has_value(), "decode_resume_token() checked the bounds of the fields");
  return *label;
}

}  // namespace loadstar::txn
