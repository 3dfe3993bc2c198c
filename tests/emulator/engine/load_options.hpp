#pragma once

#include "tests/emulator/engine/engine.hpp"
#include "tests/emulator/engine/json_path.hpp"

#include <optional>
#include <string>
#include <vector>

namespace emulator {

/// How a payload is packed (starrocks-load-protocol.md 4.3).
enum class Compression { kNone, kGzip, kBzip2, kLz4Frame, kDeflate, kZstd, kSnappy, kUnsupported };

/// CSV options (11.2, 11.3).
struct CsvOptions {
  std::string column_separator = "\t";
  std::string row_delimiter = "\n";
  std::int64_t skip_header = 0;
  bool trim_space = false;
  std::optional<char> enclose;
  std::optional<char> escape;
};

/// The load headers as the backend and the planner read them (4.2, 5.5).
struct LoadOptions {
  bool json = false;
  Compression compression = Compression::kNone;
  std::string compression_error;  ///< how the load fails if `compression` is kUnsupported
  CsvOptions csv;
  std::string columns;
  std::string where;
  std::vector<std::string> partitions;
  bool negative = false;
  double max_filter_ratio = 0;
  bool strict_mode = false;
  std::string zone = "Asia/Shanghai";
  std::vector<JsonPath> jsonpaths;
  std::optional<JsonPath> json_root;
  bool strip_outer_array = false;
  bool partial_update = false;
  std::string partial_update_mode = "row";
  std::string merge_condition;
  std::int64_t rejected_records = 0;  ///< log_rejected_record_num; -1 is all
};

/// Thrown when a load is refused; holds what the border hands out.
struct LoadRefused {
  EngineError error;
};

/// Refusal by the backend while it reads the headers.
[[noreturn]] void refuse_header(std::string message);
/// Refusal by the leader while it plans.
[[noreturn]] void refuse_plan(std::string message);

/// Reads and checks the headers of step 12 (4.1). `transaction` selects the subset of 5.5. Throws
/// LoadRefused.
[[nodiscard]] LoadOptions read_load_options(const Headers& headers, bool transaction);

/// Bytes that a separator header stands for (11.2). Throws LoadRefused.
[[nodiscard]] std::string decode_separator(const std::string& value);

}  // namespace emulator
