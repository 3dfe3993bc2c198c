#include "core/starrocks/schema_reply.hpp"

#include "core/starrocks/bounded_json.hpp"
#include "core/starrocks/sql_reply.hpp"
#include "core/starrocks/status.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

namespace loadstar::starrocks {
namespace {

using Json = nlohmann::json;

constexpr unsigned kOk = 200;

Error failed(Errc code, std::string detail) {
  return Error{code, Certainty::kNotApplied, "schema: " + std::move(detail)};
}

Error malformed(std::string_view why) { return failed(Errc::kMalformedReply, std::string(why)); }

std::string upper(std::string_view text) {
  std::string copy(text);
  for (char& c : copy) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return copy;
}

KeyModel parse_key_model(std::string_view text) {
  for (const KeyModel model :
       {KeyModel::kDuplicate, KeyModel::kUnique, KeyModel::kAggregate, KeyModel::kPrimary}) {
    if (upper(text) == to_string(model)) return model;
  }
  return KeyModel::kUnknown;
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool flag_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

/// A small number that may stand as a number or as text; 0 if there is none.
int number_of(const Json& object, const char* key) {
  constexpr std::int64_t kMax = 1'048'576;  // longest VARCHAR
  const auto found = object.find(key);
  if (found == object.end()) return 0;
  std::int64_t number = 0;
  if (found->is_number_integer()) number = found->get<std::int64_t>();
  if (found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return 0;
  }
  return number > 0 && number <= kMax ? static_cast<int>(number) : 0;
}

/// `type` of a v2 column: text, or an object with `name` and its parameters. The form of nested
/// types is not confirmed for any release (8.7): what is not understood becomes kUnknown. Depth is
/// bounded by the JSON parser.
ColumnType type_of(const Json& json) {
  if (json.is_string()) return parse_column_type(json.get_ref<const std::string&>());
  if (!json.is_object()) return ColumnType{};
  ColumnType type = parse_column_type(text_of(json, "name"));
  if (type.kind == TypeKind::kDecimal) {
    type.precision = number_of(json, "precision");
    type.scale = number_of(json, "scale");
  }
  const bool has_length = type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar ||
                          type.kind == TypeKind::kVarbinary;
  if (has_length) type.length = number_of(json, "columnSize");
  if (json.contains("itemType")) type.children = {type_of(json["itemType"])};
  if (json.contains("keyType") && json.contains("valueType")) {
    type.children = {type_of(json["keyType"]), type_of(json["valueType"])};
  }
  const auto fields = json.find("fields");
  if (fields != json.end() && fields->is_array()) {
    for (const Json& field : *fields) {
      if (!field.is_object()) continue;
      type.field_names.push_back(text_of(field, "name"));
      type.children.push_back(field.contains("type") ? type_of(field["type"]) : ColumnType{});
    }
  }
  return type;
}

/// The error that a reply other than 200 stands for. 404 with a JSON body is an answer about the
/// table; 404 with a page is an FE without the endpoint (8.8).
Error status_error(const http::Response& response) {
  const auto json = parse_bounded_json(response.body);
  const bool is_answer = json && json->is_object() && response.status < 500;
  std::string message;
  if (is_answer) message = text_of(*json, "message");
  if (is_answer && message.empty()) message = text_of(*json, "exception");
  constexpr unsigned kNotFound = 404;
  constexpr unsigned kUnauthorized = 401;
  if (message.empty() || response.status == kUnauthorized) {
    Error error = judge_http_status(response.status, response.body, false);
    return failed(error.code, error.detail);
  }
  // "Unknown table 't'", "Table [t] does not exists", "Unknown database 'd'", ...
  return failed(response.status == kNotFound ? Errc::kNotFound : Errc::kRejected,
                printable(message));
}

/// Whether a v2 column may be left out of a load: it has a default, or is filled by StarRocks.
bool has_default_v2(const Json& column, bool nullable) {
  const std::string kind = upper(text_of(column, "defaultValueType"));
  const bool has_kind = !kind.empty() && kind != "NULL";
  return nullable || has_kind || flag_of(column, "isAutoIncrement");
}

std::optional<ColumnSchema> column_v2(const Json& json) {
  ColumnSchema column;
  column.name = json.is_object() ? text_of(json, "name") : std::string();
  if (column.name.empty() || !json.contains("type")) return std::nullopt;
  column.type = type_of(json["type"]);
  column.key = flag_of(json, "isKey");
  column.nullable = flag_of(json, "isAllowNull");
  column.generated = !text_of(json, "generatedColumnExpr").empty();
  column.has_default = has_default_v2(json, column.nullable);
  return column;
}

bool lacks_elements(const ColumnType& type) {
  const bool nested = type.kind == TypeKind::kArray || type.kind == TypeKind::kMap ||
                      type.kind == TypeKind::kStruct;
  return nested && type.children.empty();
}

bool lacks_details(const ColumnType& type) {
  switch (type.kind) {
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kVarbinary:
      return type.length == 0;
    case TypeKind::kDecimal:
      return type.precision == 0;
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kStruct:
      return type.children.empty() ||
             std::any_of(type.children.begin(), type.children.end(), lacks_details);
    default:
      return false;
  }
}

std::optional<std::size_t> index_of(const SqlResult& result, std::string_view name) {
  for (std::size_t i = 0; i < result.columns.size(); ++i) {
    if (upper(result.columns[i]) == name) return i;
  }
  return std::nullopt;
}

/// Text of a cell; empty for NULL and for a column that the result does not have.
std::string cell(const SqlResult& result, std::size_t row, std::string_view name) {
  const auto index = index_of(result, name);
  return index ? result.rows[row][*index].value_or("") : std::string();
}

}  // namespace

Result<TableSchema> parse_schema_v2(const http::Response& response) {
  if (response.status != kOk) return status_error(response);
  // Each STRUCT in a STRUCT takes three levels of this JSON.
  constexpr JsonLimits kNestedTypes{.max_depth = 64};
  const auto json = parse_bounded_json(response.body, kNestedTypes);
  if (!json) return malformed(json.error().detail);
  if (!json->is_object() || !json->contains("result") || !(*json)["result"].is_object()) {
    return malformed("the reply has no result");
  }
  const Json& result = (*json)["result"];
  const auto columns = result.find("columns");
  if (columns == result.end() || !columns->is_array() || columns->empty()) {
    return malformed("the reply has no columns");
  }
  TableSchema schema;
  schema.complete = true;
  schema.key_model = parse_key_model(text_of(result, "keysType"));
  for (const Json& item : *columns) {
    auto column = column_v2(item);
    if (!column) return malformed("a column has no name or no type");
    schema.columns.push_back(std::move(*column));
  }
  return schema;
}

Result<TableSchema> parse_schema_v1(const http::Response& response) {
  if (response.status != kOk) return status_error(response);
  const auto json = parse_bounded_json(response.body);
  if (!json) return malformed(json.error().detail);
  const bool has_columns = json->is_object() && json->contains("properties") &&
                           (*json)["properties"].is_array() && !(*json)["properties"].empty();
  if (!has_columns) return malformed("the reply has no properties");
  TableSchema schema;
  for (const Json& item : (*json)["properties"]) {
    ColumnSchema column;
    column.name = item.is_object() ? text_of(item, "name") : std::string();
    if (column.name.empty()) return malformed("a column has no name");
    column.type = parse_column_type(text_of(item, "type"));
    if (column.type.kind == TypeKind::kDecimal) {
      column.type.precision = number_of(item, "precision");
      column.type.scale = number_of(item, "scale");
    }
    // Nested types have no name here (8.5).
    schema.exact =
        schema.exact && column.type.kind != TypeKind::kUnknown && !lacks_elements(column.type);
    schema.columns.push_back(std::move(column));
  }
  return schema;
}

std::string columns_query(const TableName& table) {
  return fmt::format(
      "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, COLUMN_DEFAULT, EXTRA, "
      "GENERATION_EXPRESSION FROM information_schema.columns WHERE TABLE_SCHEMA = {} AND "
      "TABLE_NAME = {} ORDER BY ORDINAL_POSITION",
      sql_literal(table.database), sql_literal(table.table));
}

std::string key_model_query(const TableName& table) {
  return fmt::format(
      "SELECT TABLE_MODEL FROM information_schema.tables_config WHERE TABLE_SCHEMA = {} AND "
      "TABLE_NAME = {}",
      sql_literal(table.database), sql_literal(table.table));
}

bool lacks_type_details(const TableSchema& schema) {
  return std::any_of(schema.columns.begin(), schema.columns.end(),
                     [](const ColumnSchema& column) { return lacks_details(column.type); });
}

void add_type_details(TableSchema& schema, const SqlResult& columns) {
  for (std::size_t row = 0; row < columns.rows.size(); ++row) {
    const std::string name = upper(cell(columns, row, "COLUMN_NAME"));
    const ColumnType type = parse_column_type(cell(columns, row, "COLUMN_TYPE"));
    for (ColumnSchema& column : schema.columns) {
      const bool same = upper(column.name) == name && column.type.kind == type.kind;
      if (same && lacks_details(column.type)) column.type = type;
    }
  }
}

Result<TableSchema> parse_schema_sql(const SqlResult& columns, const SqlResult& key_model) {
  if (columns.rows.empty()) {
    return failed(Errc::kNotFound, "information_schema lists no columns of this table");
  }
  TableSchema schema;
  if (!key_model.rows.empty()) {
    schema.key_model = parse_key_model(cell(key_model, 0, "TABLE_MODEL"));
  }
  schema.complete = schema.key_model != KeyModel::kUnknown;
  for (std::size_t row = 0; row < columns.rows.size(); ++row) {
    ColumnSchema column;
    column.name = cell(columns, row, "COLUMN_NAME");
    if (column.name.empty()) return malformed("a column has no name");
    column.type = parse_column_type(cell(columns, row, "COLUMN_TYPE"));
    column.nullable = upper(cell(columns, row, "IS_NULLABLE")) != "NO";
    column.key = !cell(columns, row, "COLUMN_KEY").empty();
    column.generated = !cell(columns, row, "GENERATION_EXPRESSION").empty();
    const bool auto_increment =
        upper(cell(columns, row, "EXTRA")).find("AUTO_INCREMENT") != std::string::npos;
    const auto default_at = index_of(columns, "COLUMN_DEFAULT");
    const bool has_default = default_at && columns.rows[row][*default_at].has_value();
    column.has_default = column.nullable || has_default || auto_increment;
    schema.columns.push_back(std::move(column));
  }
  return schema;
}

}  // namespace loadstar::starrocks
