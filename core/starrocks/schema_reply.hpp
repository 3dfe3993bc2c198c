#pragma once

#include "core/base/table_schema.hpp"
#include "core/http/message.hpp"
#include "core/starrocks/client.hpp"

namespace loadstar::starrocks {

// The three sources of a table's schema, each with its own JSON (8.5, architecture.md D12). Pure.
// Errors have certainty kNotApplied, because nothing is changed: kNotFound (the detail says whether
// the database or the table), kUnsupported for an FE without the endpoint, kBadCredentials,
// kAccessDenied, kRejected, kMalformedReply.

/// `GET /api/v2/.../schema` (3.4 and later): complete.
[[nodiscard]] Result<TableSchema> parse_schema_v2(const http::Response& response);

/// `GET /api/{db}/{table}/_schema`: names and types only, `complete` is false.
[[nodiscard]] Result<TableSchema> parse_schema_v1(const http::Response& response);

/// Queries for parse_schema_sql(): columns of the table in their order, and its key model.
[[nodiscard]] std::string columns_query(const TableName& table);
[[nodiscard]] std::string key_model_query(const TableName& table);

/// Whether a type is not told in full: CHAR, VARCHAR or VARBINARY without its length, DECIMAL
/// without its precision, ARRAY, MAP or STRUCT without what is in it. What the v2 endpoint says of
/// those is not confirmed for every release (8.7).
[[nodiscard]] bool lacks_type_details(const TableSchema& schema);

/// Takes the types of such columns from the result of columns_query().
void add_type_details(TableSchema& schema, const SqlResult& columns);

/// Both results (3.2 and later): complete if the key model is among them. kNotFound if there are no
/// columns, which also is what an account without privileges on the table sees.
[[nodiscard]] Result<TableSchema> parse_schema_sql(const SqlResult& columns,
                                                   const SqlResult& key_model);

}  // namespace loadstar::starrocks
