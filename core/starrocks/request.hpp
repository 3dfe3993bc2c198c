#pragma once

#include "core/base/secret.hpp"
#include "core/http/message.hpp"
#include "core/starrocks/client.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace loadstar::starrocks {

/// User and password of Basic authentication (1.1).
struct Credentials {
  std::string user;
  Secret password;
};

// One function for each operation: the http::Request that is sent to a frontend and, unchanged, to
// wherever it redirects to (2.3). Pure. kInvalidRequest/kNotApplied if a name, label or property
// cannot be a header value or stands where only the daemon may write (T01, T02); the detail names
// the field, never its value.

/// `PUT /api/{db}/{table}/_stream_load` (3, 4).
[[nodiscard]] Result<http::Request> stream_load_request(const LoadRequest& load,
                                                        std::chrono::seconds timeout,
                                                        const Credentials& credentials);
/// `POST /api/transaction/begin` (5.4).
[[nodiscard]] Result<http::Request> begin_request(const TableName& table, const std::string& label,
                                                  std::chrono::seconds timeout,
                                                  const Credentials& credentials);
/// `PUT /api/transaction/load` (5.5).
[[nodiscard]] Result<http::Request> load_request(const LoadRequest& load,
                                                 const Credentials& credentials);
/// `POST /api/transaction/prepare` (5.6).
[[nodiscard]] Result<http::Request> prepare_request(const TableName& table,
                                                    const std::string& label,
                                                    std::chrono::seconds prepared_timeout,
                                                    const Credentials& credentials);
/// `POST /api/transaction/commit` (5.7).
[[nodiscard]] Result<http::Request> commit_request(const TableName& table, const std::string& label,
                                                   std::chrono::seconds publish_timeout,
                                                   const Credentials& credentials);
/// `POST /api/transaction/rollback` (5.8).
[[nodiscard]] Result<http::Request> rollback_request(const TableName& table,
                                                     const std::string& label,
                                                     const Credentials& credentials);
/// `POST /api/{db}/{label}/_cancel?label=` (8.3).
[[nodiscard]] Result<http::Request> cancel_request(const std::string& database,
                                                   const std::string& label,
                                                   const Credentials& credentials);
/// `GET /api/{db}/get_load_state?label=` (8.1).
[[nodiscard]] Result<http::Request> state_request(const std::string& database,
                                                  const std::string& label,
                                                  const Credentials& credentials);
/// `POST /api/v1/catalogs/default_catalog/sql` (8.7).
[[nodiscard]] Result<http::Request> sql_request(const std::string& query,
                                                const Credentials& credentials);
/// `GET` of a metadata path that is already percent-encoded (8.5 to 8.7).
[[nodiscard]] Result<http::Request> get_request(const std::string& target,
                                                const Credentials& credentials);
/// A transaction operation without database and label, which every FE that has the interface
/// refuses in the Status envelope, and none carries out (5.1, 8.8).
[[nodiscard]] Result<http::Request> probe_request(const Credentials& credentials);

/// Path of the v2 schema endpoint (8.5).
[[nodiscard]] std::string schema_v2_target(const TableName& table);
/// Path of `_schema` (8.5).
[[nodiscard]] std::string schema_v1_target(const TableName& table);

/// Whether the load's properties ask for merge commit (9).
[[nodiscard]] bool is_merge_commit(const LoadRequest& load);

/// How the body has to be compressed for the server to read it as the load's properties say (4.3):
/// `format: gzip | lz4 | zstd` is compressed CSV, and JSON has `compression`. The only place that
/// decides, so that header and body cannot differ; one body is one frame.
[[nodiscard]] Compression wire_compression(const LoadRequest& load);

}  // namespace loadstar::starrocks
