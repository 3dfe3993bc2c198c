#include "server/push/row_chunker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace loadstar::server {
namespace {

// Of a header, which is not sent; the daemon says how long other rows may be.
constexpr std::size_t kMaxHeader = 1U << 20U;

bool is_blank(std::string_view row) {
  return std::all_of(row.begin(), row.end(), [](char c) { return c == '\r' || c == '\n'; });
}

}  // namespace

void RowChunker::feed(std::string_view bytes) {
  input_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  input_.append(bytes);
}

void RowChunker::end() { ended_ = true; }

// Where the row at begin_ ends, its delimiter included; npos if it is not here yet.
std::size_t RowChunker::find_row_end() {
  const std::string& delimiter = options_.delimiter;
  if (options_.enclose == '\0' && options_.escape == '\0') {
    const std::size_t found = input_.find(delimiter, scanned_);
    if (found != std::string::npos) return found + delimiter.size();
    // The end of what is here may be the beginning of a delimiter.
    const std::size_t left = input_.size() - scanned_;
    scanned_ = input_.size() - std::min(left, delimiter.size() - 1);
    return std::string::npos;
  }
  for (; scanned_ < input_.size(); ++scanned_) {
    const char c = input_[scanned_];
    if (c == options_.escape && c != '\0') {
      if (scanned_ + 1 == input_.size() && !ended_) return std::string::npos;
      ++scanned_;
    } else if (c == options_.enclose && c != '\0') {
      enclosed_ = !enclosed_;  // a doubled one inside a field closes and opens
    } else if (!enclosed_ && c == delimiter.front()) {
      const std::string_view rest = std::string_view(input_).substr(scanned_);
      if (rest.starts_with(delimiter)) return scanned_ + delimiter.size();
      if (!ended_ && std::string_view(delimiter).starts_with(rest)) return std::string::npos;
    }
  }
  scanned_ = input_.size();  // an escape may have stood before the end
  return std::string::npos;
}

void RowChunker::add_row(std::size_t end) {
  const std::string_view row = std::string_view(input_).substr(begin_, end - begin_);
  const auto breaks = static_cast<std::uint64_t>(std::count(row.begin(), row.end(), '\n'));
  const std::string_view content = row.substr(0, row.size() - options_.delimiter.size());
  const std::uint64_t lines = std::max<std::uint64_t>(breaks, 1);
  if (options_.header && !header_) {
    std::string_view names = content;
    // Spreadsheets write one; it is no part of the first column's name.
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (names.starts_with(kByteOrderMark)) names.remove_prefix(kByteOrderMark.size());
    while (names.ends_with('\r')) names.remove_suffix(1);
    header_ = std::string(names);
  } else if (!is_blank(content)) {
    if (chunk_.rows == 0) chunk_.first_line = line_;
    chunk_.last_line = line_ + lines - 1;
    chunk_.data.append(row);
    ++chunk_.rows;
  }
  line_ += lines;
  offset_ += row.size();
  chunk_.end_offset = offset_;
  begin_ = end;
  scanned_ = end;
  enclosed_ = false;
}

// One row from the input into the chunk; false if there is none, it is wrong, or it does not fit.
bool RowChunker::read_row(std::size_t max_bytes) {
  std::size_t end = find_row_end();
  const std::size_t left = input_.size() - begin_;
  const bool unfinished = end == std::string::npos;
  if (unfinished && ended_ && left == 0) return false;
  const bool last = unfinished && ended_;
  const std::size_t length =
      last ? left + options_.delimiter.size() : (unfinished ? left : end - begin_);
  if (length > max_bytes) {
    error_ = fmt::format(
        "line {}: the row is longer than {} bytes, the most that one message to the daemon can "
        "hold (its listen.max_message)",
        line_, max_bytes);
    return false;
  }
  if (unfinished && !ended_) return false;
  if (last && enclosed_) {
    error_ =
        fmt::format("line {}: an enclosed field is not closed until the end of the file", line_);
    return false;
  }
  if (chunk_.rows > 0 && chunk_.data.size() + length > max_bytes) {
    cut_ = true;
    return false;
  }
  if (!last) {
    add_row(end);
    return true;
  }
  input_.append(options_.delimiter);
  end = input_.size();
  add_row(end);
  offset_ -= options_.delimiter.size();  // these bytes are not in the file
  chunk_.end_offset = offset_;
  return true;
}

bool RowChunker::read_header() {
  if (!error_ && !header_) read_row(kMaxHeader);
  return header_.has_value();
}

std::optional<Chunk> RowChunker::take(std::size_t max_bytes) {
  const auto full = [this] {
    return cut_ || chunk_.data.size() >= options_.target || chunk_.rows >= options_.max_rows;
  };
  while (!error_ && !full() && read_row(max_bytes)) {
  }
  const bool last = (ended_ || error_) && chunk_.rows > 0;
  if (!full() && !last) return std::nullopt;
  cut_ = false;
  return std::exchange(chunk_, Chunk());
}

}  // namespace loadstar::server
