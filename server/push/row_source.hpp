#pragma once

#include "server/push/file_input.hpp"
#include "server/push/push_session.hpp"
#include "server/push/row_chunker.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace loadstar::server {

/// The rows of a file, as a push asks for them.
class RowSource {
 public:
  /// `input` outlives this.
  RowSource(FileInput& input, RowChunker::Options options)
      : input_(input), chunker_(std::move(options)) {}

  /// Reads up to the header (RowChunker::Options::header) and gives it. Unset if the file ends
  /// before, if it is wrong, or if `stopping` becomes true.
  const std::optional<std::string>& read_header(const std::atomic<bool>& stopping);

  /// For PushSession::NextChunk.
  PushSession::Pull next(std::size_t max_bytes);

  /// Bytes of the file up to the end of the last batch.
  [[nodiscard]] std::uint64_t read_bytes() const { return read_bytes_; }
  /// What is wrong with the rows, with its line.
  [[nodiscard]] const std::optional<std::string>& error() const { return chunker_.error(); }

 private:
  FileInput::Got read_more();

  FileInput& input_;
  RowChunker chunker_;
  std::string buffer_;
  bool ended_ = false;
  std::uint64_t read_bytes_ = 0;
};

}  // namespace loadstar::server
