#pragma once

#include "tests/emulator/engine/engine.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace emulator {
inline namespace server {

/// A privilege on tables; "*" stands for every database or table.
struct Grant {
  std::string database = "*";
  std::string table = "*";
  bool insert = true;
  bool select = true;
};

struct User {
  std::string name;
  std::string password;
  std::vector<Grant> grants;
};

/// The server settings of starrocks-load-protocol.md section 10 that change what a client sees, by
/// their StarRocks names and with their defaults. They may change while the emulator runs.
struct Config {
  std::int64_t http_max_initial_line_length = 4096;
  std::int64_t http_max_header_size = 32768;
  std::int64_t stream_load_default_timeout_second = 600;
  std::int64_t max_stream_load_timeout_second = 259200;
  std::int64_t min_load_timeout_second = 1;
  std::int64_t prepared_transaction_default_timeout_second = 86400;
  std::int64_t max_running_txn_num_per_db = 1000;
  std::int64_t stream_load_max_txn_num_per_be = -1;
  std::int64_t label_keep_max_second = 259200;
  std::int64_t label_keep_max_num = 1000;
  std::int64_t transaction_clean_interval_second = 30;
  std::int64_t transaction_stream_load_coordinator_cache_capacity = 4096;
  std::int64_t transaction_stream_load_coordinator_cache_expire_seconds = 900;
  bool empty_load_as_error = true;
  bool enable_sync_publish = true;
  bool disable_load_job = false;
  std::int64_t be_http_num_workers = 48;
  bool enable_http_stream_load_limit = false;
  std::int64_t streaming_load_max_mb = 102400;
  std::int64_t streaming_load_max_batch_size_mb = 100;
  std::int64_t merge_commit_default_timeout_ms = 600000;

  /// How long a committed transaction stays COMMITTED before it is VISIBLE (not a StarRocks key).
  std::int64_t publish_delay_ms = 0;
  /// The FE reads a whole body before it answers 401 (trap E20; not a StarRocks key).
  bool unauthorized_reads_body = false;
  /// A begin with the label of a running transaction rolls that one back, as the documentation says
  /// and the source does not (trap E8; not a StarRocks key).
  bool begin_rolls_back_reused_label = false;

  /// Sets a key by its name from text; false if there is no such key or the value does not parse.
  bool set(const std::string& key, const std::string& value);
};

/// What an emulated cluster consists of. Ports 0 are chosen by the system.
struct Options {
  std::string database_path = ":memory:";
  /// Opens the storage; Engine::open unless a test brings its own.
  std::function<std::unique_ptr<Engine>(const std::string& path)> open_engine;
  /// DDL that runs at start.
  std::string init_sql;

  std::uint16_t fe_port = 0;
  bool follower = false;
  std::uint16_t fe_follower_port = 0;
  std::size_t backends = 2;
  /// Ports of the first backends; the others get one from the system.
  std::vector<std::uint16_t> be_ports;
  std::uint16_t admin_port = 0;
  /// Address that all listeners bind.
  std::string listen = "127.0.0.1";
  /// Host that redirects, ErrorURL and SHOW BACKENDS name.
  std::string advertise = "127.0.0.1";

  /// Emulated release; switches what section 12 of the protocol dates.
  std::string version = "3.5.0";
  /// Root has an empty password and every privilege unless listed otherwise.
  std::vector<User> users = {{"root", "", {Grant{}}}};
  std::vector<std::string> warehouses = {"default_warehouse"};
  Config config;

  /// Emulated time stands still except for advance_clock().
  bool still_clock = false;
  /// Append-only request log, JSON lines; none if empty.
  std::string request_log_path;
};

}  // namespace server
}  // namespace emulator
