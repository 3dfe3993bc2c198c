#pragma once

#include "core/base/reason.hpp"
#include "core/base/slice.hpp"
#include "core/ingest/batch.hpp"
#include "core/options.hpp"

namespace loadstar::ingest {

/// Which member of loadstar.v1.WriteRequest a message holds.
enum class RequestKind : std::uint8_t { kOpen, kBatch, kNone };

/// Looks at the first field only; kNone for an empty or damaged message.
[[nodiscard]] RequestKind request_kind(const SliceList& message);

/// Reads the protobuf wire format of a WriteRequest that holds a Batch, without message objects and
/// without copying `data` (architecture.md D7; ingest-api.md 2.3). Fields may come in any order.
///
/// Checks what can be judged without knowing the table: required fields, row count and format
/// limits, that exactly one of rows and data is there. BAD_REQUEST with paths such as
/// `batch[sequence=17].columns`; FORMAT_UNSUPPORTED for Arrow; MESSAGE_TOO_LARGE above max_message.
/// Pure; safe on any bytes.
[[nodiscard]] Answer<Batch> read_batch(const SliceList& message, const IngestLimits& limits);

}  // namespace loadstar::ingest
