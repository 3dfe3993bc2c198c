#pragma once

#include "core/base/reason.hpp"
#include "core/base/slice.hpp"
#include "core/ingest/batch.hpp"
#include "core/ingest/row_plan.hpp"
#include "core/ingest/time_zone.hpp"
#include "core/ingest/value_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace loadstar::ingest {

/// Bytes by which rows may grow when they become text: JSON repeats every name in every row, and
/// needs six bytes for a control character. With it memory is bounded by the limit and one message
/// and this for each writer (MemoryBudget).
inline constexpr std::size_t kMostGrowth = std::size_t{64} << 20U;

/// Typed rows as text.
struct EncodedRows {
  SliceList payload;       ///< CSV with a delimiter behind each row; or JSON objects joined by ','
  std::uint64_t rows = 0;  ///< without those that were skipped
};

/// The first value that the text cannot carry; the rows themselves may be right.
struct NotCarried {
  std::string member;  ///< "rows[3].values[2]"
  std::string problem;
};

/// Transcodes the rows of `batch` straight from the wire format (D7), all or nothing.
///
/// BAD_REQUEST with a path to each value that does not fit, ten at most; UNSUPPORTED_COMBINATION
/// for deletes that the plan refuses; MESSAGE_TOO_LARGE if the text grows beyond kMostGrowth. Pure.
[[nodiscard]] std::variant<EncodedRows, NotCarried, Refusal> encode_rows(const Batch& batch,
                                                                         const RowPlan& plan,
                                                                         Target target,
                                                                         const TimeZone* zone,
                                                                         const std::string& path);

}  // namespace loadstar::ingest
