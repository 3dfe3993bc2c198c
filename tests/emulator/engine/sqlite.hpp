#pragma once

#include "tests/emulator/engine/value.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace emulator {

/// Thrown when SQLite refuses; what() is its message.
class SqliteError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Name of the collation by which DECIMAL and LARGEINT columns, which are texts, compare as
/// numbers.
inline constexpr const char* kNumericCollation = "STARROCKS_NUMERIC";

/// A prepared statement. Parameters count from 1, columns of the result from 0, as in SQLite.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);

  void bind(int index, const Value& value, const Type& type);
  void bind_text(int index, std::string_view text);
  void bind_blob(int index, std::string_view bytes);
  void bind_int(int index, std::int64_t number);

  /// True if there is a row.
  bool step();
  /// Runs a statement without rows to its end and makes it ready to run again.
  void run();
  void reset();

  [[nodiscard]] std::int64_t column_int(int index) const;
  [[nodiscard]] std::string column_text(int index) const;
  [[nodiscard]] Value column_value(int index, const Type& type) const;
  [[nodiscard]] sqlite3_stmt* handle() const { return statement_.get(); }

 private:
  void check(int code) const;

  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

/// A connection to one SQLite file.
class Database {
 public:
  explicit Database(const std::string& path);

  void execute(const std::string& sql);
  [[nodiscard]] Statement prepare(std::string_view sql);
  [[nodiscard]] sqlite3* handle() const { return database_.get(); }

 private:
  struct Closer {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Closer> database_;
};

/// BEGIN IMMEDIATE, and ROLLBACK unless commit() was called.
class Transaction {
 public:
  explicit Transaction(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

/// `name` as an SQL identifier in double quotes.
[[nodiscard]] std::string quoted_name(std::string_view name);
/// Name of the SQLite table that holds a StarRocks table, in quotes: "db.t".
[[nodiscard]] std::string quoted_table(const std::string& database, const std::string& table);

}  // namespace emulator
