#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The border between the two halves of the emulator: engine/ knows tables, types, rows, expressions
// and SQLite; server/ knows HTTP, frontends, backends, transactions and faults. Neither includes
// anything of core/ (architecture.md D11).

namespace emulator {

/// Load headers by lower-case name, values as sent after the server's trimming
/// (starrocks-load-protocol.md 2.2, 4.2).
using Headers = std::map<std::string, std::string>;

/// An error text as StarRocks words it (4.10), and the Thrift status name that the transaction
/// interface shows for it (5.2), for example "ANALYSIS_ERROR" or "INTERNAL_ERROR".
struct EngineError {
  std::string message;
  std::string status = "INTERNAL_ERROR";
};

/// Counters of a load (4.7): total = loaded + filtered + unselected.
struct Counters {
  std::int64_t total = 0;
  std::int64_t loaded = 0;
  std::int64_t filtered = 0;
  std::int64_t unselected = 0;
};

/// What the running plan of a load found once its input ended.
struct LoadResult {
  /// Set when the load failed; "too many filtered rows" keeps the counters, all others zero them
  /// (4.7).
  std::optional<EngineError> error;
  Counters counters;
  /// Lines of the error log, "Error: <reason>. Row: <row>", at most 50 (4.8).
  std::vector<std::string> error_log;
  /// Lines for RejectedRecordPath when log_rejected_record_num asked for them.
  std::vector<std::string> rejected_records;
};

/// One running plan: takes body bytes, holds the rows it parsed, and writes them on publish().
/// Not thread-safe.
class LoadPlan {
 public:
  LoadPlan() = default;
  LoadPlan(const LoadPlan&) = delete;
  LoadPlan& operator=(const LoadPlan&) = delete;
  virtual ~LoadPlan() = default;

  /// Body bytes of a load. CSV is one stream over all bodies of a transaction, leftovers of a
  /// broken body included (trap E1); JSON is parsed body by body, at end_body().
  virtual void append(std::string_view bytes) = 0;
  /// The current body ended (JSON: parse this document buffer).
  virtual void end_body() = 0;
  /// True if any byte was appended.
  [[nodiscard]] virtual bool has_data() const = 0;
  /// Ends the input, converts what is left and applies the quality rule (4.7).
  virtual LoadResult finish() = 0;
};

/// A column as the metadata endpoints show it (8.5).
struct ColumnInfo {
  std::string name;
  std::string type;  ///< as declared, upper-case, for example "DECIMAL(10,2)", "ARRAY<INT>"
  std::string primitive_type;  ///< as `_schema` names it, for example "DECIMAL64", "INVALID_TYPE"
  std::optional<int> precision;
  std::optional<int> scale;
  bool nullable = true;
  bool key = false;
  std::optional<std::string> aggregation;    ///< "SUM", "REPLACE", "BITMAP_UNION", ...
  std::optional<std::string> default_value;  ///< text of DEFAULT "..."; unset if there is none
  bool auto_increment = false;
  std::string comment;
};

struct TableInfo {
  std::string database;
  std::string name;
  std::string keys_type;  ///< "DUP_KEYS", "UNIQUE_KEYS", "AGG_KEYS", "PRIMARY_KEYS"
  std::vector<ColumnInfo> columns;
};

/// Result of a query: column names, StarRocks type names, rows of text (unset = NULL).
struct QueryResult {
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<std::vector<std::optional<std::string>>> rows;
};

/// Tables, rows and staged loads in one SQLite file (or ":memory:"). Each StarRocks table `db.t` is
/// an SQLite table "db.t" with one column per StarRocks column, values in their canonical text or
/// number form (BITMAP: sorted JSON array of members; HLL: sorted JSON array of distinct hashes),
/// so that anyone can look with sqlite3. Confined to one thread.
class Engine {
 public:
  static std::unique_ptr<Engine> open(const std::string& path);
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  /// Runs DDL, several statements separated by ';': CREATE DATABASE, CREATE TABLE (StarRocks'
  /// syntax), DROP TABLE, TRUNCATE TABLE, INSERT INTO ... VALUES with literals. Anything else is
  /// refused by name.
  virtual std::optional<EngineError> execute(std::string_view sql) = 0;

  [[nodiscard]] virtual bool has_database(const std::string& database) const = 0;
  [[nodiscard]] virtual std::vector<std::string> databases() const = 0;
  [[nodiscard]] virtual std::vector<std::string> tables(const std::string& database) const = 0;
  [[nodiscard]] virtual std::optional<TableInfo> table(const std::string& database,
                                                       const std::string& table) const = 0;

  /// Plans a load: checks `columns`, `where`, `partial_update`, `merge_condition`, ... (4.1 step
  /// 12, 4.2, 4.10, 11). `transaction` selects the header subset of 5.5 (enclose, escape, ...
  /// ignored).
  virtual std::unique_ptr<LoadPlan> plan(const std::string& database, const std::string& table,
                                         const Headers& headers, bool transaction,
                                         EngineError& error) = 0;  // nullptr: `error` says why

  /// Writes the rows of a finished plan to the staging area under `transaction_id`, durably.
  virtual void stage(std::int64_t transaction_id, LoadPlan& plan) = 0;
  /// Makes staged rows visible in one SQLite transaction: key models, aggregation, deletes, partial
  /// and conditional update are applied here. Forgets the staged rows.
  virtual void publish(std::int64_t transaction_id) = 0;
  virtual void discard(std::int64_t transaction_id) = 0;

  /// A SELECT over user tables or information_schema (columns, tables, tables_config), with
  /// COUNT(DISTINCT x) over BITMAP and HLL columns as StarRocks counts; SHOW DATABASES/TABLES,
  /// DESC. Anything else: error.
  virtual std::optional<QueryResult> query(std::string_view sql, const std::string& database,
                                           EngineError& error) = 0;

  /// Small key-value store in the same file for server/: transactions that must survive a restart.
  virtual void put(const std::string& key, const std::string& value) = 0;
  virtual void erase(const std::string& key) = 0;
  [[nodiscard]] virtual std::map<std::string, std::string> scan(
      const std::string& prefix) const = 0;
};

}  // namespace emulator
