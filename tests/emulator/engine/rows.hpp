#pragma once

#include "tests/emulator/engine/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

/// What a staged row does to its key.
enum class RowOp : std::uint8_t { kUpsert = 0, kDelete = 1 };

/// Appends a value in the form of staged rows; equal values of a type have equal forms.
void write_value(std::string& out, const Value& value);

/// Converted rows of a load in a compact form, in chunks of about a megabyte: what a plan holds,
/// and what is written to the staging area as it is.
class RowBuffer {
 public:
  void add(RowOp op, const Values& row, const std::vector<std::size_t>& columns);
  [[nodiscard]] const std::vector<std::string>& chunks() const { return chunks_; }

 private:
  std::vector<std::string> chunks_;
};

/// Reads the rows of one chunk.
class RowReader {
 public:
  explicit RowReader(std::string_view chunk) : rest_(chunk) {}

  /// Reads the next row into `row`, whose size is the number of values of a row; false at the end.
  bool next(RowOp& op, Values& row);

 private:
  template <class T>
  T read();

  std::string_view rest_;
};

}  // namespace emulator
