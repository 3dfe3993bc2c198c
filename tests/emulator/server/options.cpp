#include "tests/emulator/server/options.hpp"

#include "tests/emulator/server/text.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace emulator {
inline namespace server {
namespace {

using Number = std::pair<std::string_view, std::int64_t Config::*>;
using Flag = std::pair<std::string_view, bool Config::*>;

constexpr std::array<Number, 18> kNumbers = {{
    {"http_max_initial_line_length", &Config::http_max_initial_line_length},
    {"http_max_header_size", &Config::http_max_header_size},
    {"stream_load_default_timeout_second", &Config::stream_load_default_timeout_second},
    {"max_stream_load_timeout_second", &Config::max_stream_load_timeout_second},
    {"min_load_timeout_second", &Config::min_load_timeout_second},
    {"prepared_transaction_default_timeout_second",
     &Config::prepared_transaction_default_timeout_second},
    {"max_running_txn_num_per_db", &Config::max_running_txn_num_per_db},
    {"stream_load_max_txn_num_per_be", &Config::stream_load_max_txn_num_per_be},
    {"label_keep_max_second", &Config::label_keep_max_second},
    {"label_keep_max_num", &Config::label_keep_max_num},
    {"transaction_clean_interval_second", &Config::transaction_clean_interval_second},
    {"transaction_stream_load_coordinator_cache_capacity",
     &Config::transaction_stream_load_coordinator_cache_capacity},
    {"transaction_stream_load_coordinator_cache_expire_seconds",
     &Config::transaction_stream_load_coordinator_cache_expire_seconds},
    {"be_http_num_workers", &Config::be_http_num_workers},
    {"streaming_load_max_mb", &Config::streaming_load_max_mb},
    {"streaming_load_max_batch_size_mb", &Config::streaming_load_max_batch_size_mb},
    {"merge_commit_default_timeout_ms", &Config::merge_commit_default_timeout_ms},
    {"publish_delay_ms", &Config::publish_delay_ms},
}};

constexpr std::array<Flag, 6> kFlags = {{
    {"empty_load_as_error", &Config::empty_load_as_error},
    {"enable_sync_publish", &Config::enable_sync_publish},
    {"disable_load_job", &Config::disable_load_job},
    {"enable_http_stream_load_limit", &Config::enable_http_stream_load_limit},
    {"unauthorized_reads_body", &Config::unauthorized_reads_body},
    {"begin_rolls_back_reused_label", &Config::begin_rolls_back_reused_label},
}};

}  // namespace

bool Config::set(const std::string& key, const std::string& value) {
  for (const auto& [name, member] : kNumbers) {
    if (name != key) continue;
    const auto number = parse_long(value);
    if (!number) return false;
    this->*member = *number;
    return true;
  }
  for (const auto& [name, member] : kFlags) {
    if (name != key) continue;
    if (value != "true" && value != "false") return false;
    this->*member = value == "true";
    return true;
  }
  return false;
}

}  // namespace server
}  // namespace emulator
