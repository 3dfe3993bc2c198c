#pragma once

#include "core/base/slice.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace loadstar::ingest {

/// How StarRocks is going to cut a CSV payload into rows (starrocks-load-protocol.md 11.3).
struct CsvDialect {
  std::string column_separator = "\t";
  std::string row_delimiter = "\n";
  std::optional<char> enclose;  ///< this or `escape` selects the state machine parser
  std::optional<char> escape;
  bool trim_space = false;
};

/// Rows of a payload, or what is wrong with it.
struct CsvScan {
  std::uint64_t rows = 0;
  std::string problem;  ///< empty = nothing
};

/// Counts the rows of a CSV payload as StarRocks will, and refuses what would be joined to the rows
/// of another batch, or lost: a payload that does not end with the row delimiter, blank rows
/// (skipped and not counted there), a byte order mark, lines that end in CR LF where LF is the
/// delimiter, and enclosed fields that do not end before their separator. UTF-8 is checked
/// elsewhere.
[[nodiscard]] CsvScan scan_csv(const SliceList& data, const CsvDialect& dialect);

}  // namespace loadstar::ingest
