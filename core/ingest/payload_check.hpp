#pragma once

#include "core/base/slice.hpp"
#include "core/ingest/batch.hpp"
#include "core/ingest/csv_scanner.hpp"

#include <cstdint>
#include <string>
#include <variant>

namespace loadstar::ingest {

/// An encoded payload that may be joined to others.
struct CheckedPayload {
  SliceList payload;       ///< sub-slices of the data; a JSON array without its outer brackets
  std::uint64_t rows = 0;  ///< as counted
  /// JSON: the first row, from 1, with a key `__op` (starrocks-load-protocol.md 11.7); 0 = none.
  std::uint64_t first_op_row = 0;
};
/// Why it may not; a sentence whose subject is the member `data`.
struct BadPayload {
  std::string description;
};

/// Checks `data` of an encoded batch against the rules of its format (data.proto, Format) and
/// against what StarRocks would skip, merge or fail for everyone else in the same load. Copies no
/// payload byte. `format` is kCsv, kNdjson or kJsonArray; `dialect` is used for kCsv only.
[[nodiscard]] std::variant<CheckedPayload, BadPayload> check_payload(Format format,
                                                                     const SliceList& data,
                                                                     const CsvDialect& dialect);

}  // namespace loadstar::ingest
