#include "server/push/row_source.hpp"

#include <chrono>

namespace loadstar::server {
namespace {

// How long a pipe may be silent before the caller looks at other things.
constexpr std::chrono::milliseconds kPatience{100};

}  // namespace

const std::optional<std::string>& RowSource::read_header(const std::atomic<bool>& stopping) {
  while (!stopping && !chunker_.read_header() && !chunker_.error() && !ended_) read_more();
  if (ended_) chunker_.read_header();  // a header without its line end
  return chunker_.header();
}

PushSession::Pull RowSource::next(std::size_t max_bytes) {
  for (;;) {
    if (auto chunk = chunker_.take(max_bytes)) {
      read_bytes_ = chunk->end_offset;
      return {std::move(chunk), false};
    }
    if (ended_ || chunker_.error()) return {std::nullopt, true};
    if (read_more() == FileInput::Got::kNothingYet) return {std::nullopt, false};
  }
}

FileInput::Got RowSource::read_more() {
  const FileInput::Got got = input_.read(buffer_, kPatience);
  if (got == FileInput::Got::kBytes) chunker_.feed(buffer_);
  if (got == FileInput::Got::kEnd) {
    chunker_.end();
    ended_ = true;
  }
  return got;
}

}  // namespace loadstar::server
