#pragma once

#include "core/base/slice.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace loadstar::ingest {

/// Encoding of a batch: the values of loadstar.v1.Format, number for number.
enum class Format : std::uint8_t {
  kTypedRows = 1,
  kCsv = 2,
  kNdjson = 3,
  kJsonArray = 4,
  kArrowIpc = 5
};

/// One loadstar.v1.Batch as a plain value. Bytes of rows are not copied: they are slices of the
/// message.
struct Batch {
  std::uint64_t sequence = 0;  ///< 0 = unnumbered
  std::uint64_t checkpoint_id = 0;
  std::string table;
  std::vector<std::string> columns;
  std::uint32_t row_count = 0;
  Format format = Format::kTypedRows;
  std::map<std::string, std::string> properties;
  std::vector<std::string> column_expressions;
  std::vector<Slice> rows;          ///< typed rows: each one serialised loadstar.v1.Row, in order
  SliceList data;                   ///< encoded formats
  std::uint64_t message_bytes = 0;  ///< what the batch is charged to the memory budget
};

}  // namespace loadstar::ingest
