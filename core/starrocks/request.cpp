#include "core/starrocks/request.hpp"

#include "core/base/ascii.hpp"
#include "core/http/url.hpp"
#include "core/starrocks/label.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <utility>

namespace loadstar::starrocks {
namespace {

using http::encode_path_segment;
using http::encode_query_value;

/// What the daemon or the HTTP layer writes itself (T02), lower case.
constexpr std::array<std::string_view, 21> kOwnedFields{"authorization",
                                                        "proxy-authorization",
                                                        "host",
                                                        "expect",
                                                        "content-length",
                                                        "transfer-encoding",
                                                        "te",
                                                        "trailer",
                                                        "connection",
                                                        "upgrade",
                                                        "cookie",
                                                        "label",
                                                        "db",
                                                        "table",
                                                        "timeout",
                                                        "prepared_timeout",
                                                        "idle_transaction_timeout",
                                                        "transaction_type",
                                                        "channel_id",
                                                        "channel_num",
                                                        "source_type"};

Error invalid(std::string detail) {
  return Error{Errc::kInvalidRequest, Certainty::kNotApplied, std::move(detail)};
}

/// Collects header fields; the first property that may not be sent is remembered. What no header
/// may hold at all, http::check finds in finish().
class FieldWriter {
 public:
  void add(std::string name, std::string value) {
    fields_.push_back(http::Field{std::move(name), std::move(value)});
  }

  void add(std::string name, std::chrono::seconds value) {
    add(std::move(name), std::to_string(value.count()));
  }

  void add_property(const http::Field& property) {
    const std::string name = to_lower(property.name);
    if (std::find(kOwnedFields.begin(), kOwnedFields.end(), name) != kOwnedFields.end()) {
      return refuse(fmt::format("property {} is written by the daemon alone", name));
    }
    if (!seen_.insert(name).second) return refuse(fmt::format("property {} is given twice", name));
    if (name == "merge_commit_async" && property.value == "true") {
      // The server answers before the rows are durable (9); taking that for a commit would lose
      // rows.
      return refuse("property merge_commit_async: only synchronous merge commit is committed");
    }
    // An empty value is the same as no header (2.2).
    if (!property.value.empty()) add(property.name, property.value);
  }

  void add_properties(const std::vector<http::Field>& properties) {
    for (const http::Field& property : properties) add_property(property);
  }

  void add_authorization(const Credentials& credentials) {
    const std::string pair = credentials.user + ":" + credentials.password.reveal();
    constexpr std::size_t kGroup = 3;
    std::string encoded((pair.size() + kGroup - 1) / kGroup * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                       reinterpret_cast<const unsigned char*>(pair.data()),
                                       static_cast<int>(pair.size()));
    encoded.resize(static_cast<std::size_t>(length));
    fields_.push_back(http::Field{"Authorization", "Basic " + encoded});
  }

  void refuse(std::string why) {
    if (!error_) error_ = invalid(std::move(why));
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] std::vector<http::Field> take() { return std::move(fields_); }

 private:
  std::vector<http::Field> fields_;
  std::set<std::string> seen_;
  std::optional<Error> error_;
};

Result<http::Request> finish(FieldWriter& fields, std::string method, std::string target,
                             const LoadRequest* load = nullptr) {
  if (fields.error()) return *fields.error();
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.fields = fields.take();
  if (load != nullptr) {
    request.body = load->body;
    request.compression = wire_compression(*load);
    // The length of a compressed body is known only once it was sent.
    const bool plain = request.compression == Compression::kNone;
    request.framing = plain ? load->framing : http::Framing::kChunked;
    request.expect_continue = true;
  }
  const auto checked = http::check(request);
  if (!checked) return checked.error();
  return request;
}

void check_label(FieldWriter& fields, const std::string& label) {
  if (!is_starrocks_label(label)) fields.refuse("label must be [-A-Za-z0-9_]{1,128}");
}

/// A POST of the transaction interface; the optional time goes under `time_name`.
Result<http::Request> transaction_post(std::string_view operation, const TableName& table,
                                       const std::string& label, const char* time_name,
                                       std::chrono::seconds time, const Credentials& credentials) {
  FieldWriter fields;
  fields.add_authorization(credentials);
  check_label(fields, label);
  fields.add("db", table.database);
  if (!table.table.empty()) fields.add("table", table.table);
  fields.add("label", label);
  if (time_name != nullptr) fields.add(time_name, time);
  return finish(fields, "POST", fmt::format("/api/transaction/{}", operation));
}

}  // namespace

Result<http::Request> stream_load_request(const LoadRequest& load, std::chrono::seconds timeout,
                                          const Credentials& credentials) {
  FieldWriter fields;
  fields.add_authorization(credentials);
  check_label(fields, load.label);
  fields.add("label", load.label);
  fields.add("timeout", timeout);
  fields.add_properties(load.properties);
  return finish(fields, "PUT",
                fmt::format("/api/{}/{}/_stream_load", encode_path_segment(load.table.database),
                            encode_path_segment(load.table.table)),
                &load);
}

Result<http::Request> begin_request(const TableName& table, const std::string& label,
                                    std::chrono::seconds timeout, const Credentials& credentials) {
  return transaction_post("begin", table, label, "timeout", timeout, credentials);
}

Result<http::Request> load_request(const LoadRequest& load, const Credentials& credentials) {
  FieldWriter fields;
  fields.add_authorization(credentials);
  check_label(fields, load.label);
  fields.add("db", load.table.database);
  fields.add("table", load.table.table);
  fields.add("label", load.label);
  fields.add_properties(load.properties);
  return finish(fields, "PUT", "/api/transaction/load", &load);
}

Result<http::Request> prepare_request(const TableName& table, const std::string& label,
                                      std::chrono::seconds prepared_timeout,
                                      const Credentials& credentials) {
  return transaction_post("prepare", table, label, "prepared_timeout", prepared_timeout,
                          credentials);
}

Result<http::Request> commit_request(const TableName& table, const std::string& label,
                                     std::chrono::seconds publish_timeout,
                                     const Credentials& credentials) {
  return transaction_post("commit", table, label, "timeout", publish_timeout, credentials);
}

Result<http::Request> rollback_request(const TableName& table, const std::string& label,
                                       const Credentials& credentials) {
  return transaction_post("rollback", table, label, nullptr, std::chrono::seconds(0), credentials);
}

Result<http::Request> cancel_request(const std::string& database, const std::string& label,
                                     const Credentials& credentials) {
  FieldWriter fields;
  fields.add_authorization(credentials);
  check_label(fields, label);
  return finish(fields, "POST",
                fmt::format("/api/{}/{}/_cancel?label={}", encode_path_segment(database),
                            encode_path_segment(label), encode_query_value(label)));
}

Result<http::Request> state_request(const std::string& database, const std::string& label,
                                    const Credentials& credentials) {
  FieldWriter fields;
  fields.add_authorization(credentials);
  check_label(fields, label);
  return finish(fields, "GET",
                fmt::format("/api/{}/get_load_state?label={}", encode_path_segment(database),
                            encode_query_value(label)));
}

Result<http::Request> sql_request(const std::string& query, const Credentials& credentials) {
  FieldWriter fields;
  fields.add_authorization(credentials);
  fields.add("Content-Type", "application/json");
  auto request = finish(fields, "POST", "/api/v1/catalogs/default_catalog/sql");
  if (!request) return request;
  const nlohmann::json body{{"query", query}};
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  request->body.append(Slice::from_string(body.dump(-1, ' ', true, kReplace)));
  request->framing = http::Framing::kContentLength;
  return request;
}

Result<http::Request> get_request(const std::string& target, const Credentials& credentials) {
  FieldWriter fields;
  fields.add_authorization(credentials);
  return finish(fields, "GET", target);
}

Result<http::Request> probe_request(const Credentials& credentials) {
  FieldWriter fields;
  fields.add_authorization(credentials);
  return finish(fields, "POST", "/api/transaction/rollback");
}

std::string schema_v2_target(const TableName& table) {
  return fmt::format("/api/v2/catalogs/default_catalog/databases/{}/tables/{}/schema",
                     encode_path_segment(table.database), encode_path_segment(table.table));
}

std::string schema_v1_target(const TableName& table) {
  return fmt::format("/api/{}/{}/_schema", encode_path_segment(table.database),
                     encode_path_segment(table.table));
}

Compression wire_compression(const LoadRequest& load) {
  struct Word {
    std::string_view name;
    std::string_view value;
    Compression compression;
  };
  constexpr std::array kWords{Word{"format", "gzip", Compression::kGzip},
                              Word{"format", "lz4", Compression::kLz4Frame},
                              Word{"format", "zstd", Compression::kZstd},
                              Word{"compression", "gzip", Compression::kGzip},
                              Word{"compression", "lz4_frame", Compression::kLz4Frame},
                              Word{"compression", "zstd", Compression::kZstd}};
  for (const http::Field& property : load.properties) {
    const std::string name = to_lower(property.name);
    const std::string value = to_lower(property.value);
    for (const Word& word : kWords) {
      if (word.name == name && word.value == value) return word.compression;
    }
  }
  return Compression::kNone;
}

bool is_merge_commit(const LoadRequest& load) {
  return std::any_of(load.properties.begin(), load.properties.end(),
                     [](const http::Field& property) {
                       return equal_ignoring_case(property.name, "enable_merge_commit") &&
                              property.value == "true";
                     });
}

}  // namespace loadstar::starrocks
