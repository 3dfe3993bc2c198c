#include "tests/emulator/engine/sqlite.hpp"

#include "tests/emulator/engine/convert.hpp"

namespace emulator {

namespace {

/// Orders two decimal texts as numbers; digits are compared without converting them, so any length
/// works.
int compare_numeric(void* /*unused*/, int left_size, const void* left, int right_size,
                    const void* right) {
  const auto number = [](const void* text, int size) {
    const std::string_view digits(static_cast<const char*>(text), static_cast<std::size_t>(size));
    const std::size_t point = digits.find('.');
    const auto whole = parse_integer(digits, kInt128Min, kInt128Max).value_or(0);
    Int128 fraction =
        point == std::string_view::npos
            ? 0
            : parse_decimal("0" + std::string(digits.substr(point)), 38, 37).value_or(0);
    if (!digits.empty() && digits[0] == '-') fraction = -fraction;
    return std::pair(whole, fraction);
  };
  const auto a = number(left, left_size);
  const auto b = number(right, right_size);
  if (a < b) return -1;
  return b < a ? 1 : 0;
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) throw SqliteError(sqlite3_errmsg(database));
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) throw SqliteError(sqlite3_errmsg(sqlite3_db_handle(statement_.get())));
}

void Statement::bind(int index, const Value& value, const Type& type) {
  if (is_null(value)) {
    check(sqlite3_bind_null(handle(), index));
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    bind_int(index, *number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    check(sqlite3_bind_double(handle(), index, *real));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    if (type.kind == Kind::kVarbinary) {
      bind_blob(index, *text);
    } else {
      bind_text(index, *text);
    }
  } else {
    const std::string digits = value_text(value, type);
    check(sqlite3_bind_text64(handle(), index, digits.data(), digits.size(), SQLITE_TRANSIENT,
                              SQLITE_UTF8));
  }
}

void Statement::bind_text(int index, std::string_view text) {
  const char* const data = text.data() == nullptr ? "" : text.data();
  check(sqlite3_bind_text64(handle(), index, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind_blob(int index, std::string_view bytes) {
  const char* const data = bytes.data() == nullptr ? "" : bytes.data();
  check(sqlite3_bind_blob64(handle(), index, data, bytes.size(), SQLITE_TRANSIENT));
}

void Statement::bind_int(int index, std::int64_t number) {
  check(sqlite3_bind_int64(handle(), index, number));
}

bool Statement::step() {
  const int code = sqlite3_step(handle());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) check(code);
  return false;
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() { sqlite3_reset(handle()); }

std::int64_t Statement::column_int(int index) const {
  return sqlite3_column_int64(handle(), index);
}

std::string Statement::column_text(int index) const {
  const void* data = sqlite3_column_blob(handle(), index);
  const int size = sqlite3_column_bytes(handle(), index);
  return data == nullptr
             ? std::string{}
             : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

Value Statement::column_value(int index, const Type& type) const {
  if (sqlite3_column_type(handle(), index) == SQLITE_NULL) return {};
  switch (type.kind) {
    case Kind::kBoolean:
    case Kind::kTinyInt:
    case Kind::kSmallInt:
    case Kind::kInt:
    case Kind::kBigInt:
      return column_int(index);
    case Kind::kFloat:
    case Kind::kDouble:
      return sqlite3_column_double(handle(), index);
    case Kind::kLargeInt:
      return parse_integer(column_text(index), kInt128Min, kInt128Max).value_or(0);
    case Kind::kDecimal:
      return parse_decimal(column_text(index), 38, type.scale).value_or(0);
    default:
      return column_text(index);
  }
}

Database::Database(const std::string& path) {
  sqlite3* database = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  database_.reset(database);
  if (code != SQLITE_OK) throw SqliteError("cannot open " + path + ": " + sqlite3_errstr(code));
  sqlite3_create_collation_v2(database, kNumericCollation, SQLITE_UTF8, nullptr, compare_numeric,
                              nullptr);
  sqlite3_busy_timeout(database, 10000);
  // A misspelt column must be an error, not a text: names are always quoted here.
  sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  // What was answered as prepared or visible must outlive a kill and a power cut.
  execute("PRAGMA journal_mode=WAL");
  execute("PRAGMA synchronous=FULL");
}

void Database::execute(const std::string& sql) {
  char* text = nullptr;
  const int code = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, &text);
  const std::unique_ptr<char, void (*)(void*)> message(text, sqlite3_free);
  if (code != SQLITE_OK) throw SqliteError(message ? message.get() : sqlite3_errstr(code));
}

Statement Database::prepare(std::string_view sql) { return Statement(handle(), sql); }

Transaction::Transaction(Database& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  // SQLite may have rolled back by itself, then there is nothing left to do.
  if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string quoted_table(const std::string& database, const std::string& table) {
  return quoted_name(database + "." + table);
}

}  // namespace emulator
