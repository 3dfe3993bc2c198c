#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace loadstar::server {

/// Rows of a file that are sent as one batch.
struct Chunk {
  std::string data;  ///< whole rows, each with its delimiter
  std::uint64_t rows = 0;
  std::uint64_t first_line = 0;  ///< of the file, from 1
  std::uint64_t last_line = 0;
  std::uint64_t end_offset = 0;  ///< bytes of the file up to its end
};

/// Cuts a stream of delimited rows (CSV, NDJSON) into batches at row ends. A last row without its
/// delimiter gets one. Blank rows are left out: StarRocks skips them without counting, and the
/// number of rows is checked (loadstar.v1.Batch.row_count). Pure.
class RowChunker {
 public:
  struct Options {
    std::string delimiter = "\n";    ///< not empty
    char enclose = '\0';             ///< fields in these may hold delimiters; '\0' = none
    char escape = '\0';              ///< the byte behind it is an ordinary one; '\0' = none
    std::size_t target = 1U << 20U;  ///< a batch ends with the row that reaches this many bytes
    std::uint64_t max_rows = 100'000;
    bool header = false;  ///< the first row is names, not values
  };

  explicit RowChunker(Options options) : options_(std::move(options)) {}

  /// More bytes of the file; then take() until it has nothing.
  void feed(std::string_view bytes);

  /// The file has ended.
  void end();

  /// The next batch, if enough has come for one or the file has ended. It has at most `max_bytes`,
  /// which is what the daemon takes; a row that is longer is an error.
  std::optional<Chunk> take(std::size_t max_bytes);

  /// Reads the header, for whom its names are needed before the first batch; true once it is there.
  bool read_header();

  /// The first row without its delimiter, once it has been read; only with Options::header.
  [[nodiscard]] const std::optional<std::string>& header() const { return header_; }

  /// What is wrong with the file, with its line; nothing is cut after it.
  [[nodiscard]] const std::optional<std::string>& error() const { return error_; }

 private:
  [[nodiscard]] std::size_t find_row_end();
  void add_row(std::size_t end);
  bool read_row(std::size_t max_bytes);

  Options options_;
  std::string input_;
  std::size_t begin_ = 0;    // in input_: of the row that is looked at; what is before it is done
  std::size_t scanned_ = 0;  // in input_: the row does not end before this
  bool enclosed_ = false;    // at scanned_
  bool cut_ = false;         // the next row does not fit into chunk_
  bool ended_ = false;
  std::uint64_t offset_ = 0;  // of begin_ in the file
  std::uint64_t line_ = 1;    // of begin_
  Chunk chunk_;
  std::optional<std::string> header_;
  std::optional<std::string> error_;
};

}  // namespace loadstar::server
