#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace loadstar::server {

/// How far a push is.
struct PushProgress {
  std::uint64_t done_bytes = 0;              ///< of the file, that are final
  std::optional<std::uint64_t> total_bytes;  ///< unset for a pipe
  std::uint64_t committed_rows = 0;
  std::uint64_t rejected_rows = 0;
  std::chrono::milliseconds elapsed{0};
};

/// "1,234,567".
[[nodiscard]] std::string group_digits(std::uint64_t number);

/// "4s", "3m05s", "2h07m".
[[nodiscard]] std::string duration_text(std::chrono::milliseconds length);

/// One line for a terminal: bar, rate, rows, time left; at most `width` characters.
[[nodiscard]] std::string progress_bar(const PushProgress& progress, std::size_t width);

/// The same for a log: plain text, no bar.
[[nodiscard]] std::string progress_text(const PushProgress& progress);

}  // namespace loadstar::server
