#pragma once

#include "core/base/reason.hpp"
#include "core/starrocks/label.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::txn {

/// One prepared transaction that a token names.
struct TokenPart {
  std::string table;
  std::uint64_t epoch = 0;
  std::uint64_t checkpoint = 0;
  std::uint64_t part = 0;

  friend bool operator==(const TokenPart&, const TokenPart&) = default;
};

/// The state of an exactly-once writer, as its client keeps it (ingest-api.md 2.1, 4.6): up to
/// which checkpoint it is prepared, and which transactions of this and of all earlier checkpoints
/// are not known to be committed. Cumulative: a later token replaces every earlier one of the
/// writer.
///
/// The parts of one table stand in the order in which they are committed.
struct ResumeToken {
  std::string prefix;  ///< `ns` of the labels
  std::string writer;
  std::string database;
  std::uint64_t epoch = 0;
  std::uint64_t checkpoint = 0;
  std::uint64_t last_sequence = 0;
  std::vector<TokenPart> parts;

  friend bool operator==(const ResumeToken&, const ResumeToken&) = default;
};

// Byte format, version 1. Numbers are unsigned LEB128 (as protobuf's varints), texts are a length
// and their bytes.
//
//   'L' 'S' 'T'  0x01
//   prefix  writer  database
//   epoch  checkpoint  last_sequence
//   number of tables, their names
//   number of parts, each: index of its table, epoch, checkpoint, part
//   CRC-32 (RFC 1952 8) of everything before it, 4 bytes, least significant first
//
// The checksum finds accidents, not attacks: a token is not a credential, and `commit` is sent for
// the labels that follow from its fields alone.

/// Largest token that is read.
inline constexpr std::size_t kMaxTokenBytes = 1U << 20U;

[[nodiscard]] std::string encode(const ResumeToken& token);

/// BAD_RESUME_TOKEN, saying what is wrong with it, for everything that encode() does not write.
/// Never reads a version that it does not know.
[[nodiscard]] Answer<ResumeToken> decode_resume_token(std::string_view bytes);

/// The label of `part` of `token`.
[[nodiscard]] std::string label_of(const ResumeToken& token, const TokenPart& part);

}  // namespace loadstar::txn
