#pragma once

#include "core/base/slice.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
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

/// Serialised loadstar.v1.Rows in order, as views of bytes that the list keeps. A view costs a
/// fifth of a Slice, whose owner is counted by atomic operations, and a batch has thousands.
class RowList {
 public:
  /// Keeps `bytes` as long as the list (or a copy of it) lives.
  void keep(Slice bytes) { kept_.push_back(std::move(bytes)); }
  /// `row` lies within bytes that are kept.
  void add(std::string_view row) { rows_.push_back(row); }
  void add(Slice row) {
    add(row.view());
    keep(std::move(row));
  }

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::string_view operator[](std::size_t index) const { return rows_[index]; }
  [[nodiscard]] auto begin() const { return rows_.begin(); }
  [[nodiscard]] auto end() const { return rows_.end(); }

 private:
  std::vector<std::string_view> rows_;
  std::vector<Slice> kept_;
};

/// One loadstar.v1.Batch as a plain value. Bytes of rows are not copied: they are parts of the
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
  RowList rows;                     ///< typed rows
  SliceList data;                   ///< encoded formats
  std::uint64_t message_bytes = 0;  ///< what the batch is charged to the memory budget
};

}  // namespace loadstar::ingest
