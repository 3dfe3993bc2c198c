#pragma once

#include "server/push/push_session.hpp"
#include "server/push/row_chunker.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::server {

/// The command line of `loadstar push`, as it was given.
struct PushArguments {
  std::string table;  ///< DATABASE.TABLE
  std::string file;   ///< path, or "-"
  std::string server = "127.0.0.1:7070";
  std::string format;            ///< csv, ndjson; empty = by the extension
  std::string column_separator;  ///< as typed: "\t" is a tab; empty = by the extension
  std::string row_delimiter;     ///< as typed; empty = line feed
  std::string enclose;
  std::string columns;
  std::vector<std::string> properties;
  std::uint64_t batch_bytes = 1U << 20U;
  /// The contract does not tell a client the daemon's limits.max_batch_rows, a million by default.
  std::uint64_t batch_rows = 100'000;
  bool header = false;
  std::string writer_id;
  unsigned retry_seconds = 60;
  std::string output = "text";
};

/// What follows from the command line.
struct PushPlan {
  PushTarget target;  ///< without writer and client name
  RowChunker::Options chunker;
  PushSession::Options session;
  std::string separator;  ///< bytes between CSV fields
};

/// nullopt with `problem` if the arguments do not make sense.
[[nodiscard]] std::optional<PushPlan> plan_push(const PushArguments& arguments,
                                                std::string& problem);

/// "\t", "\n", "\r", "\\" and "\xHH" in `text` as the bytes they stand for; nullopt if one is
/// broken.
[[nodiscard]] std::optional<std::string> unescape(std::string_view text);

/// Column names from the first row of a CSV file; blanks and double quotes around a name are taken
/// off.
[[nodiscard]] std::vector<std::string> split_header(std::string_view row,
                                                    std::string_view separator);

/// Names and `name=expression` items into Batch.columns and Batch.column_expressions.
void set_columns(const std::vector<std::string>& items, v1::Batch& batch);

}  // namespace loadstar::server
