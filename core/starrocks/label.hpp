#pragma once

#include "core/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace loadstar::starrocks {

// Label format, the only place that knows it (ingest-api.md 4.2):
//
//   exactly-once   <ns>-<writer>-<db8>-<epoch>-<checkpoint>-<part>    ls-orders_3-k4x7q2ma-7-1041-0
//   at-least-once  <ns>-alo-<db8>-r<nonce12>-<counter> ls-alo-k4x7q2ma-r0a1b2c3d4e5f-17
//
// No field contains '-', so a label parses back into its fields. The database takes part as `db8`
// because StarRocks keeps open transactions by label alone (starrocks-load-protocol.md 5.10). The
// two forms differ in their number of fields, so a writer may be called "alo".

/// Bounds of the fields; a label has at most 103 characters and StarRocks takes 128.
inline constexpr std::size_t kMaxPrefixLength = 16;
inline constexpr std::size_t kMaxWriterLength = 48;
inline constexpr std::size_t kNonceLength = 12;
inline constexpr std::uint64_t kMaxEpoch = 0xffff'ffffULL;            ///< 2^32 - 1
inline constexpr std::uint64_t kMaxCheckpoint = 999'999'999'999ULL;   ///< 10^12 - 1
inline constexpr std::uint64_t kMaxPart = 9'999ULL;                   ///< 10^4 - 1
inline constexpr std::uint64_t kMaxCounter = 999'999'999'999'999ULL;  ///< 10^15 - 1

/// A transaction of an exactly-once writer.
struct PartLabel {
  std::string prefix;     ///< `ns`: key `label_prefix`, [A-Za-z0-9_]{1,16}
  std::string writer;     ///< [A-Za-z0-9_]{1,48}
  std::string database8;  ///< database_hash() of the database
  std::uint64_t epoch = 0;
  std::uint64_t checkpoint = 0;
  std::uint64_t part = 0;

  friend bool operator==(const PartLabel&, const PartLabel&) = default;
};

/// A load of the daemon's shared at-least-once lanes.
struct SharedLabel {
  std::string prefix;
  std::string database8;
  std::string nonce;  ///< [a-z0-9]{12}: one daemon process
  std::uint64_t counter = 0;

  friend bool operator==(const SharedLabel&, const SharedLabel&) = default;
};

using Label = std::variant<PartLabel, SharedLabel>;

/// First 40 bits of SHA-256 of the database name in lower-case RFC 4648 base 32: 8 of [a-z2-7].
[[nodiscard]] std::string database_hash(std::string_view database);

/// Whether `text` may be the `ns` of labels.
[[nodiscard]] bool is_label_prefix(std::string_view text);
/// Whether `text` may be the name of a writer.
[[nodiscard]] bool is_writer_name(std::string_view text);

/// The label as text. kInvalidRequest/kNotApplied if a field is outside its bounds.
[[nodiscard]] Result<std::string> build(const PartLabel& label);
[[nodiscard]] Result<std::string> build(const SharedLabel& label);

/// What all labels of one writer in one database start with: `ns-writer-db8-`
/// (Opened.label_prefix). kInvalidRequest/kNotApplied if a name is outside its bounds.
[[nodiscard]] Result<std::string> writer_label_prefix(std::string_view prefix,
                                                      std::string_view writer,
                                                      std::string_view database);

/// The inverse of build(); kInvalidRequest/kNotApplied for every other text, for example numbers
/// with leading zeros.
[[nodiscard]] Result<Label> parse_label(std::string_view text);

/// StarRocks' own rule, `^[-\w]{1,128}$` (starrocks-load-protocol.md 4.2), for labels of any
/// origin.
[[nodiscard]] bool is_starrocks_label(std::string_view text);

}  // namespace loadstar::starrocks
