#include "tests/emulator/engine/staging.hpp"

#include "tests/emulator/engine/json.hpp"
#include "tests/emulator/engine/temporal.hpp"

#include <algorithm>

namespace emulator {

namespace {

/// The head of a staged load as text, for people who look into the file as well.
std::string head_text(const StagedLoad& load) {
  std::string columns;
  for (const std::string& column : load.columns)
    columns += (columns.empty() ? "" : ",") + json_quoted(column);
  return "{\"database\":" + json_quoted(load.database) + ",\"table\":" + json_quoted(load.table) +
         ",\"columns\":[" + columns + "],\"merge_condition\":" + json_quoted(load.merge_condition) +
         ",\"negative\":" + (load.negative ? "true" : "false") + "}";
}

StagedLoad read_head(const std::string& text) {
  const Json head = parse_json(text);
  StagedLoad load;
  load.database = json_member(head, "database")->text;
  load.table = json_member(head, "table")->text;
  for (const Json& column : json_member(head, "columns")->items)
    load.columns.push_back(column.text);
  load.merge_condition = json_member(head, "merge_condition")->text;
  load.negative = json_member(head, "negative")->text == "true";
  return load;
}

}  // namespace

Staging::Staging(Database& database, Catalog& catalog) : database_(database), catalog_(catalog) {
  database_.execute(
      "CREATE TABLE IF NOT EXISTS _staged_loads (id INTEGER PRIMARY KEY, transaction_id INTEGER, "
      "head TEXT)");
  database_.execute(
      "CREATE TABLE IF NOT EXISTS _staged_rows (load_id INTEGER, number INTEGER, chunk BLOB, "
      "PRIMARY KEY (load_id, number))");
  database_.execute(
      "CREATE INDEX IF NOT EXISTS _staged_by_transaction ON _staged_loads (transaction_id)");
}

void Staging::stage(std::int64_t transaction_id, const TableLoad& load) {
  StagedLoad head;
  head.database = load.table().database;
  head.table = load.table().name;
  for (const std::size_t column : load.mapping().written)
    head.columns.push_back(load.table().columns[column].name);
  if (load.mapping().merge_condition)
    head.merge_condition = load.table().columns[*load.mapping().merge_condition].name;
  head.negative = load.options().negative;

  Transaction transaction(database_);
  Statement insert =
      database_.prepare("INSERT INTO _staged_loads (transaction_id, head) VALUES (?, ?)");
  insert.bind_int(1, transaction_id);
  insert.bind_text(2, head_text(head));
  insert.run();
  const std::int64_t id = sqlite3_last_insert_rowid(database_.handle());
  Statement rows = database_.prepare("INSERT INTO _staged_rows VALUES (?, ?, ?)");
  std::int64_t number = 0;
  for (const std::string& chunk : load.rows().chunks()) {
    rows.bind_int(1, id);
    rows.bind_int(2, number++);
    rows.bind_blob(3, chunk);
    rows.run();
  }
  transaction.commit();
}

void Staging::apply(const TableSchema& table, const StagedLoad& load,
                    const std::vector<std::string>& chunks) {
  std::vector<std::size_t> written;
  for (const std::string& name : load.columns) {
    const auto place = find_column(table, name);
    if (!place) return;  // the table was dropped and made anew with other columns
    written.push_back(*place);
  }
  FunctionContext context;
  context.now = unix_seconds_now();
  Values defaults;
  std::vector<std::size_t> numbered;  // AUTO_INCREMENT columns
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    defaults.push_back(default_value(table.columns[i], context));
    if (table.columns[i].auto_increment) numbered.push_back(i);
  }
  const auto writer = make_writer(database_, table, load, written);
  Values values(written.size());
  Values row = defaults;
  RowOp op = RowOp::kUpsert;
  for (const std::string& chunk : chunks) {
    RowReader reader(chunk);
    while (reader.next(op, values)) {
      for (const std::size_t column : numbered) row[column] = {};
      for (std::size_t i = 0; i < written.size(); ++i) row[written[i]] = std::move(values[i]);
      for (const std::size_t column : numbered) {
        if (op == RowOp::kUpsert && is_null(row[column]))
          row[column] = catalog_.reserve_ids(table, 1);
      }
      writer->apply(op, row);
    }
  }
  writer->finish();
}

void Staging::publish(std::int64_t transaction_id) {
  Transaction transaction(database_);
  Statement loads =
      database_.prepare("SELECT id, head FROM _staged_loads WHERE transaction_id = ? ORDER BY id");
  loads.bind_int(1, transaction_id);
  while (loads.step()) {
    const StagedLoad load = read_head(loads.column_text(1));
    const TableSchema* table = catalog_.find(load.database, load.table);
    if (table == nullptr) continue;  // dropped meanwhile
    std::vector<std::string> chunks;
    Statement rows =
        database_.prepare("SELECT chunk FROM _staged_rows WHERE load_id = ? ORDER BY number");
    rows.bind_int(1, loads.column_int(0));
    while (rows.step()) chunks.push_back(rows.column_text(0));
    apply(*table, load, chunks);
  }
  erase(transaction_id);
  transaction.commit();
}

void Staging::discard(std::int64_t transaction_id) {
  Transaction transaction(database_);
  erase(transaction_id);
  transaction.commit();
}

void Staging::erase(std::int64_t transaction_id) {
  for (const char* sql :
       {"DELETE FROM _staged_rows WHERE load_id IN (SELECT id FROM _staged_loads WHERE "
        "transaction_id = ?)",
        "DELETE FROM _staged_loads WHERE transaction_id = ?"}) {
    Statement remove = database_.prepare(sql);
    remove.bind_int(1, transaction_id);
    remove.run();
  }
}

}  // namespace emulator
