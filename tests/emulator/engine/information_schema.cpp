#include "tests/emulator/engine/information_schema.hpp"

#include "tests/emulator/engine/json.hpp"
#include "tests/emulator/engine/text.hpp"

#include <array>

namespace emulator {

namespace {

struct SystemTable {
  const char* name;
  const char* columns;
};

constexpr std::array<SystemTable, 4> kTables = {{
    {"information_schema.schemata",
     "CATALOG_NAME, SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME, SQL_PATH"},
    {"information_schema.tables",
     "TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS INTEGER, "
     "TABLE_COMMENT"},
    {"information_schema.columns",
     "TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION INTEGER, "
     "COLUMN_DEFAULT, IS_NULLABLE, "
     "DATA_TYPE, CHARACTER_MAXIMUM_LENGTH INTEGER, NUMERIC_PRECISION INTEGER, NUMERIC_SCALE "
     "INTEGER, COLUMN_TYPE, "
     "COLUMN_KEY, EXTRA, COLUMN_COMMENT, COLUMN_SIZE INTEGER, DECIMAL_DIGITS INTEGER, "
     "GENERATION_EXPRESSION"},
    {"information_schema.tables_config",
     "TABLE_SCHEMA, TABLE_NAME, TABLE_ENGINE, TABLE_MODEL, PRIMARY_KEY, PARTITION_KEY, SORT_KEY, "
     "PROPERTIES"},
}};

/// A row of text values for a system table; unset is NULL.
using Row = std::vector<std::optional<std::string>>;

void insert(Database& database, const char* table, const Row& row) {
  std::string sql = "INSERT INTO temp." + quoted_name(table) + " VALUES (";
  for (std::size_t i = 0; i < row.size(); ++i) sql += i == 0 ? "?" : ", ?";
  Statement statement = database.prepare(sql + ")");
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i]) statement.bind_text(static_cast<int>(i) + 1, *row[i]);
  }
  statement.run();
}

/// DATA_TYPE: the type without its parameters, as MySQL clients know it.
std::string data_type(const Type& type) {
  switch (type.kind) {
    case Kind::kBoolean:
      return "tinyint";
    case Kind::kLargeInt:
      return "bigint unsigned";
    default:
      return to_lower(type_text(simple_type(type.kind))
                          .substr(0, type_text(simple_type(type.kind)).find_first_of("(<")));
  }
}

std::string key_of(const TableSchema& table, const Column& column) {
  if (!column.key) return "";
  switch (table.model) {
    case KeysModel::kPrimary:
      return "PRI";
    case KeysModel::kUnique:
      return "UNI";
    case KeysModel::kAggregate:
      return "AGG";
    case KeysModel::kDuplicate:
      return "DUP";
  }
  return "";
}

std::string key_names(const TableSchema& table) {
  std::string names;
  for (const Column& column : table.columns) {
    if (column.key) names += (names.empty() ? "`" : ", `") + column.name + "`";
  }
  return names;
}

void insert_columns(Database& database, const TableSchema& table) {
  int position = 0;
  for (const Column& column : table.columns) {
    const ColumnInfo info = describe(table).columns[static_cast<std::size_t>(position)];
    ++position;
    Row row(18);
    row[0] = "def";
    row[1] = table.database;
    row[2] = table.name;
    row[3] = column.name;
    row[4] = std::to_string(position);
    row[5] = info.default_value;
    row[6] = column.nullable ? "YES" : "NO";
    row[7] = data_type(column.type);
    if (is_string(column.type.kind)) row[8] = row[15] = std::to_string(column.type.length);
    if (column.type.kind == Kind::kDecimal) {
      row[9] = row[15] = std::to_string(column.type.precision);
      row[10] = row[16] = std::to_string(column.type.scale);
    }
    row[11] = sql_type_text(column.type);
    row[12] = key_of(table, column);
    row[13] = column.auto_increment ? "auto_increment" : "";
    row[14] = column.comment;
    if (!column.generated.empty()) row[17] = column.generated;
    insert(database, "information_schema.columns", row);
  }
}

void insert_table(Database& database, const TableSchema& table) {
  Statement count =
      database.prepare("SELECT COUNT(*) FROM " + quoted_table(table.database, table.name));
  const std::int64_t rows = count.step() ? count.column_int(0) : 0;
  insert(database, "information_schema.tables",
         {"def", table.database, table.name, "BASE TABLE", "StarRocks", std::to_string(rows),
          table.comment});
  std::string properties;
  for (const auto& [name, value] : table.properties) {
    properties += (properties.empty() ? "" : ",") + json_quoted(name) + ":" + json_quoted(value);
  }
  std::string partition_key;
  for (const std::size_t column : table.partitioning.columns) {
    partition_key += (partition_key.empty() ? "`" : ", `") + table.columns[column].name + "`";
  }
  const bool keyed = table.model == KeysModel::kPrimary || table.model == KeysModel::kUnique;
  insert(database, "information_schema.tables_config",
         {table.database, table.name, "OLAP", model_name(table.model),
          keyed ? key_names(table) : "", partition_key, key_names(table), "{" + properties + "}"});
  insert_columns(database, table);
}

}  // namespace

void create_information_schema(Database& database) {
  for (const SystemTable& table : kTables) {
    database.execute("CREATE TEMP TABLE " + quoted_name(table.name) + " (" + table.columns + ")");
  }
}

void fill_information_schema(Database& database, const Catalog& catalog) {
  for (const SystemTable& table : kTables)
    database.execute("DELETE FROM temp." + quoted_name(table.name));
  for (const auto& [name, tables] : catalog.databases()) {
    insert(database, "information_schema.schemata",
           {"def", name, "utf8", "utf8_general_ci", std::nullopt});
    for (const auto& [table_name, table] : tables) insert_table(database, table);
  }
}

std::string sql_type_text(const Type& type) {
  switch (type.kind) {
    case Kind::kTinyInt:
      return "tinyint(4)";
    case Kind::kSmallInt:
      return "smallint(6)";
    case Kind::kInt:
      return "int(11)";
    case Kind::kBigInt:
      return "bigint(20)";
    case Kind::kLargeInt:
      return "largeint(40)";
    case Kind::kDecimal:
      return "decimal(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
    case Kind::kArray:
    case Kind::kMap:
    case Kind::kStruct: {
      std::string text = type.kind == Kind::kArray ? "array<"
                         : type.kind == Kind::kMap ? "map<"
                                                   : "struct<";
      for (std::size_t i = 0; i < type.children.size(); ++i) {
        if (i != 0) text += type.kind == Kind::kMap ? "," : ", ";
        if (type.kind == Kind::kStruct) text += "`" + type.fields[i] + "` ";
        text += sql_type_text(type.children[i]);
      }
      return text + ">";
    }
    default:
      return to_lower(type_text(type));
  }
}

}  // namespace emulator
