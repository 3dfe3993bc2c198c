#include "server/push/progress.hpp"

#include "server/size_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace loadstar::server {
namespace {

constexpr std::size_t kBarCells = 24;

double rate(const PushProgress& progress) {
  const double seconds = std::chrono::duration<double>(progress.elapsed).count();
  return seconds > 0 ? static_cast<double>(progress.done_bytes) / seconds : 0;
}

double share(const PushProgress& progress) {
  if (!progress.total_bytes) return 0;
  if (*progress.total_bytes == 0) return 1;
  const double part =
      static_cast<double>(progress.done_bytes) / static_cast<double>(*progress.total_bytes);
  return std::clamp(part, 0.0, 1.0);
}

// Time left at the rate so far; unset if nobody can know.
std::optional<std::chrono::milliseconds> time_left(const PushProgress& progress) {
  const double bytes_per_second = rate(progress);
  if (!progress.total_bytes || bytes_per_second <= 0) return std::nullopt;
  const std::uint64_t left =
      *progress.total_bytes - std::min(progress.done_bytes, *progress.total_bytes);
  constexpr double kMaxSeconds = 1e7;
  const double seconds = std::min(static_cast<double>(left) / bytes_per_second, kMaxSeconds);
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::string facts(const PushProgress& progress) {
  std::string text = fmt::format("{} {}/s  {} rows committed", size_text(progress.done_bytes),
                                 size_text(static_cast<std::uint64_t>(rate(progress))),
                                 group_digits(progress.committed_rows));
  if (progress.rejected_rows > 0) {
    text += fmt::format(", {} rejected", group_digits(progress.rejected_rows));
  }
  const auto left = time_left(progress);
  if (left && share(progress) < 1) text += fmt::format("  {} left", duration_text(*left));
  return text;
}

}  // namespace

std::string group_digits(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string duration_text(std::chrono::milliseconds length) {
  const auto seconds = (length.count() + 999) / 1000;
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
}

std::string progress_bar(const PushProgress& progress, std::size_t width) {
  std::string line;
  if (progress.total_bytes) {
    const double part = share(progress);
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(kBarCells));
    line = fmt::format("{:3}% [{}{}] ", static_cast<int>(part * 100), std::string(filled, '#'),
                       std::string(kBarCells - filled, '.'));
  }
  line += facts(progress);
  if (line.size() > width) line.resize(width);
  return line;
}

std::string progress_text(const PushProgress& progress) {
  if (!progress.total_bytes) return facts(progress);
  return fmt::format("{}%  {}", static_cast<int>(share(progress) * 100), facts(progress));
}

}  // namespace loadstar::server
