#include "tests/emulator/engine/publish.hpp"

#include "tests/emulator/engine/aggregate.hpp"

#include <algorithm>
#include <unordered_map>

namespace emulator {

namespace {

std::vector<std::size_t> key_columns(const TableSchema& table) {
  std::vector<std::size_t> keys;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].key) keys.push_back(i);
  }
  return keys;
}

std::string name_list(const TableSchema& table, const std::vector<std::size_t>& columns) {
  std::string out;
  for (const std::size_t column : columns) {
    if (!out.empty()) out += ", ";
    out += quoted_name(table.columns[column].name);
  }
  return out;
}

/// INSERT of whole rows, up to and including the last bracket.
std::string insert_sql(const TableSchema& table, const char* verb) {
  std::string sql =
      std::string(verb) + " INTO " + quoted_table(table.database, table.name) + " VALUES (";
  for (std::size_t i = 0; i < table.columns.size(); ++i) sql += i == 0 ? "?" : ", ?";
  return sql + ")";
}

/// WHERE over the key; IS finds NULL keys of unique and aggregate tables as well.
std::string key_condition(const TableSchema& table, const std::vector<std::size_t>& keys) {
  std::string sql;
  for (const std::size_t key : keys) {
    sql += sql.empty() ? " WHERE " : " AND ";
    sql += quoted_name(table.columns[key].name) + (table.columns[key].nullable ? " IS ?" : " = ?");
  }
  return sql;
}

void bind_row(Statement& statement, const TableSchema& table, const Values& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    statement.bind(static_cast<int>(i) + 1, row[i], table.columns[i].type);
  }
}

void bind_key(Statement& statement, const TableSchema& table, const std::vector<std::size_t>& keys,
              const Values& row) {
  int index = 0;
  for (const std::size_t key : keys) statement.bind(++index, row[key], table.columns[key].type);
}

/// Duplicate key tables: every row is kept.
class DuplicateWriter : public TableWriter {
 public:
  DuplicateWriter(Database& database, const TableSchema& table)
      : table_(table), insert_(database.prepare(insert_sql(table, "INSERT"))) {}

  void apply(RowOp /*op*/, const Values& row) override {
    bind_row(insert_, table_, row);
    insert_.run();
  }

 private:
  const TableSchema& table_;
  Statement insert_;
};

/// What happens to a key that is there already: the load's columns are replaced, under the
/// condition of `merge_condition` if there is one.
std::string upsert_sql(const TableSchema& table, const StagedLoad& load,
                       const std::vector<std::size_t>& keys,
                       const std::vector<std::size_t>& written) {
  std::string set;
  for (const std::size_t column : written) {
    if (table.columns[column].key) continue;
    const std::string name = quoted_name(table.columns[column].name);
    set += (set.empty() ? "" : ", ") + name + " = excluded." + name;
  }
  std::string sql =
      insert_sql(table, "INSERT") + " ON CONFLICT (" + name_list(table, keys) + ") DO ";
  if (set.empty()) return sql + "NOTHING";
  sql += "UPDATE SET " + set;
  if (!load.merge_condition.empty()) {
    const std::string stored =
        quoted_table(table.database, table.name) + "." + quoted_name(load.merge_condition);
    const std::string arrived = "excluded." + quoted_name(load.merge_condition);
    // NULL is below every number.
    sql += " WHERE " + stored + " IS NULL OR " + stored + " <= " + arrived;
  }
  return sql;
}

/// Unique and primary key tables: the last row of a key wins.
class KeyedWriter : public TableWriter {
 public:
  KeyedWriter(Database& database, const TableSchema& table, const StagedLoad& load,
              const std::vector<std::size_t>& written)
      : table_(table),
        keys_(key_columns(table)),
        upsert_(database.prepare(upsert_sql(table, load, keys_, written))),
        remove_(database.prepare("DELETE FROM " + quoted_table(table.database, table.name) +
                                 key_condition(table, keys_))) {}

  void apply(RowOp op, const Values& row) override {
    // A unique index does not find NULL keys; DELETE ... IS does.
    const bool null_key =
        std::any_of(keys_.begin(), keys_.end(), [&](std::size_t key) { return is_null(row[key]); });
    if (op == RowOp::kDelete || null_key) {
      bind_key(remove_, table_, keys_, row);
      remove_.run();
    }
    if (op == RowOp::kDelete) return;
    bind_row(upsert_, table_, row);
    upsert_.run();
  }

 private:
  const TableSchema& table_;
  std::vector<std::size_t> keys_;
  Statement upsert_;
  Statement remove_;
};

/// Aggregate key tables. Rows of one key are merged in memory first, then with the stored row, so
/// that a load touches each key once.
class AggregateWriter : public TableWriter {
 public:
  AggregateWriter(Database& database, const TableSchema& table, bool negative)
      : table_(table),
        negative_(negative),
        keys_(key_columns(table)),
        select_(database.prepare("SELECT * FROM " + quoted_table(table.database, table.name) +
                                 key_condition(table, keys_))),
        remove_(database.prepare("DELETE FROM " + quoted_table(table.database, table.name) +
                                 key_condition(table, keys_))),
        insert_(database.prepare(insert_sql(table, "INSERT"))) {}

  void apply(RowOp /*op*/, const Values& row) override {
    Values next = row;
    if (negative_) {
      for (std::size_t i = 0; i < next.size(); ++i) {
        if (!table_.columns[i].key) next[i] = negated(next[i]);
      }
    }
    key_.clear();
    for (const std::size_t key : keys_) write_value(key_, row[key]);
    const auto [place, fresh] = places_.try_emplace(key_, merged_.size());
    if (fresh) {
      merged_.push_back(std::move(next));
    } else {
      merge(merged_[place->second], next);
    }
  }

  void finish() override {
    for (const Values& row : merged_) {
      Values stored(row.size());
      bind_key(select_, table_, keys_, row);
      const bool found = select_.step();
      if (found) {
        for (std::size_t i = 0; i < stored.size(); ++i) {
          stored[i] = select_.column_value(static_cast<int>(i), table_.columns[i].type);
        }
      }
      select_.reset();
      if (found) {
        bind_key(remove_, table_, keys_, row);
        remove_.run();
        merge(stored, row);
      }
      bind_row(insert_, table_, found ? stored : row);
      insert_.run();
    }
    merged_.clear();
    places_.clear();
  }

 private:
  void merge(Values& into, const Values& next) const {
    for (std::size_t i = 0; i < into.size(); ++i) {
      if (!table_.columns[i].key) merge_value(into[i], next[i], table_.columns[i]);
    }
  }

  const TableSchema& table_;
  const bool negative_;
  std::vector<std::size_t> keys_;
  Statement select_;
  Statement remove_;
  Statement insert_;
  std::string key_;  ///< of the row in work, in the form of staged rows
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<Values> merged_;
};

/// The SQLite type whose affinity keeps values as they are.
std::string storage_type(Kind kind) {
  switch (kind) {
    case Kind::kBoolean:
    case Kind::kTinyInt:
    case Kind::kSmallInt:
    case Kind::kInt:
    case Kind::kBigInt:
      return "BIGINT";
    case Kind::kFloat:
    case Kind::kDouble:
      return "REAL";
    case Kind::kLargeInt:
    case Kind::kDecimal:
      return std::string("TEXT COLLATE ") + kNumericCollation;
    case Kind::kVarbinary:
      return "BLOB";
    default:
      return "TEXT";
  }
}

}  // namespace

std::unique_ptr<TableWriter> make_writer(Database& database, const TableSchema& table,
                                         const StagedLoad& load,
                                         const std::vector<std::size_t>& written) {
  switch (table.model) {
    case KeysModel::kDuplicate:
      return std::make_unique<DuplicateWriter>(database, table);
    case KeysModel::kAggregate:
      return std::make_unique<AggregateWriter>(database, table, load.negative);
    case KeysModel::kUnique:
    case KeysModel::kPrimary:
      break;
  }
  return std::make_unique<KeyedWriter>(database, table, load, written);
}

std::string create_table_sql(const TableSchema& table) {
  std::string sql = "CREATE TABLE " + quoted_table(table.database, table.name) + " (";
  for (const Column& column : table.columns) {
    if (&column != &table.columns.front()) sql += ", ";
    sql += quoted_name(column.name) + " " + storage_type(column.type.kind);
  }
  if (table.model != KeysModel::kDuplicate)
    sql += ", PRIMARY KEY (" + name_list(table, key_columns(table)) + ")";
  return sql + ")";
}

}  // namespace emulator
