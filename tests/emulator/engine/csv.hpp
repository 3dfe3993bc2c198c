#pragma once

#include "tests/emulator/engine/load_options.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

/// One row of CSV. The views point into the buffer or into the row itself.
struct CsvRow {
  std::string_view raw;                  ///< without the row delimiter
  std::vector<std::string_view> fields;  ///< unquoted; "\N" is NULL
  std::vector<std::string> unquoted;     ///< where fields live that differ from the raw text
};

/// Cuts one row off the front of `buffer` with the plain parser (starrocks-load-protocol.md 11.3).
/// Returns the bytes used, delimiter included; unset if the row is not complete. At the end of the
/// input (`last`) a missing delimiter is tolerated.
[[nodiscard]] std::optional<std::size_t> read_plain_row(std::string_view buffer,
                                                        const CsvOptions& options, bool last,
                                                        CsvRow& row);

/// The same with the state machine that knows `enclose` and `escape`.
[[nodiscard]] std::optional<std::size_t> read_enclosed_row(std::string_view buffer,
                                                           const CsvOptions& options, bool last,
                                                           CsvRow& row);

/// A separator as messages show it: tab, newline and other control bytes as escapes.
[[nodiscard]] std::string printable_separator(std::string_view separator);

}  // namespace emulator
