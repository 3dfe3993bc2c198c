#include "core/ingest/lane_rules.hpp"

#include "core/base/load_property.hpp"
#include "core/ingest/column_expression.hpp"
#include "core/ingest/row_plan.hpp"
#include "core/ingest/violations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace loadstar::ingest {
namespace {

/// Headers of one request together; frontends take 32768 bytes (starrocks-load-protocol.md 2.1),
/// and label, credentials and the like need room too (delivery-and-faults.md 5.1).
constexpr std::size_t kMostHeaderBytes = 24'576;

constexpr std::array<std::string_view, 5> kCsvProperties{"column_separator", "row_delimiter",
                                                         "enclose", "escape", "trim_space"};
constexpr std::array<std::string_view, 3> kJsonProperties{"jsonpaths", "json_root",
                                                          "ignore_json_size"};

constexpr std::array<std::string_view, 3> kHarmless{"column_separator", "row_delimiter",
                                                    "ignore_json_size"};

template <class Names>
bool among(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Refusal unsupported(const std::string& path, std::string_view member, std::string description) {
  return refuse(Reason::kUnsupportedCombination, path, member, std::move(description));
}

std::string property(std::string_view name) { return fmt::format("properties[{}]", name); }

/// The first property in force that only plain Stream Load knows; empty if there is none. A false
/// boolean asks for nothing, nor do the parameters of a merge commit that is not enabled.
std::string stream_load_property(const PropertySet& set) {
  for (const auto& [name, value] : set.values) {
    const LoadProperty* rule = find_load_property(name);
    const bool off =
        rule != nullptr && rule->syntax == PropertySyntax::kBoolean && value == "false";
    const bool parameter = name.starts_with("merge_commit_");
    if (rule != nullptr && rule->stream_load_only && !off && !parameter) return name;
  }
  return {};
}

/// Delivery and protocol of architecture.md 7: "enclose, ...", "merge_condition", "merge commit".
Answer<Protocol> resolve_protocol(const LaneTable& table, const LaneRequest& request,
                                  const std::string& path) {
  const TableOptions& options = *table.options;
  if (options.delivery == DeliveryOption::kExactlyOnce && !request.exactly_once) {
    return unsupported(path, "table", "is configured for exactly-once writers only (key delivery)");
  }
  if (options.delivery == DeliveryOption::kAtLeastOnce && request.exactly_once) {
    return unsupported(path, "table",
                       "is configured for at-least-once writers only (key delivery)");
  }
  const bool wants_transaction = request.exactly_once || options.protocol == Protocol::kTransaction;
  const std::string_view asker =
      request.exactly_once ? "exactly-once delivery" : "the table's protocol: transaction";
  if (request.exactly_once && options.protocol == Protocol::kStreamLoad) {
    return unsupported(path, "table", "has protocol: stream_load, which is at-least-once only");
  }
  const bool merge_commit = request.properties.is_true("enable_merge_commit");
  const std::string only_stream_load = stream_load_property(request.properties);
  if (!only_stream_load.empty()) {
    if (!wants_transaction && merge_commit && !table.facts.merge_commit) {
      return unsupported(path, property("enable_merge_commit"),
                         "needs StarRocks 3.4 or later; this one is older or does not tell its "
                         "version");
    }
    if (!wants_transaction) return Protocol::kStreamLoad;
    return unsupported(path, property(only_stream_load),
                       fmt::format("is for plain Stream Load only and does not go with {}", asker));
  }
  if (!table.facts.has_transactions) {
    if (!wants_transaction) return Protocol::kStreamLoad;
    return unsupported(
        path, "table",
        fmt::format("cannot be loaded by transactions, which {} needs: this StarRocks "
                    "is older than 2.4",
                    asker));
  }
  if (request.properties.find("merge_condition") != nullptr &&
      !table.facts.transaction_merge_condition) {
    if (!wants_transaction) return Protocol::kStreamLoad;
    return unsupported(
        path, property("merge_condition"),
        fmt::format("needs StarRocks 3.1.5 or later together with {}; this one is older "
                    "or does not tell its version",
                    asker));
  }
  return options.protocol == Protocol::kStreamLoad ? Protocol::kStreamLoad : Protocol::kTransaction;
}

/// Whether StarRocks compares values of `kind` for merge_condition: numbers and times
/// (starrocks-load-protocol.md 4.10, 11.8). What is not known is left to it.
bool is_comparable(TypeKind kind) {
  constexpr std::array<TypeKind, 10> kNever{
      TypeKind::kChar,  TypeKind::kVarchar,   TypeKind::kVarbinary, TypeKind::kJson,
      TypeKind::kArray, TypeKind::kMap,       TypeKind::kStruct,    TypeKind::kBitmap,
      TypeKind::kHll,   TypeKind::kPercentile};
  return std::find(kNever.begin(), kNever.end(), kind) == kNever.end();
}

/// Properties against the table and against each other, as far as StarRocks would refuse every load
/// (starrocks-load-protocol.md 4.10, 11.8).
std::optional<Refusal> judge_table(const LaneTable& table, const LaneRequest& request,
                                   const std::string& path) {
  const KeyModel model = key_model(*table.schema, *table.options);
  const bool known = model != KeyModel::kUnknown;
  const PropertySet& set = request.properties;
  for (const char* name : {"partial_update", "merge_condition"}) {
    const bool asked =
        std::string_view(name) == "merge_condition" ? set.find(name) != nullptr : set.is_true(name);
    if (asked && known && model != KeyModel::kPrimary) {
      return unsupported(path, property(name), "needs a primary key table");
    }
  }
  if (set.is_true("negative") && model == KeyModel::kPrimary) {
    return unsupported(path, property("negative"), "does not go with a primary key table");
  }
  if (set.is_true("partial_update") && request.columns.empty()) {
    return refuse(Reason::kBadRequest, path, "columns",
                  "is missing; partial_update needs the names of the columns that are sent");
  }
  if (request.format == Format::kJsonArray && set.find("json_root") != nullptr) {
    return unsupported(
        path, property("json_root"),
        "does not go with FORMAT_JSON_ARRAY, whose elements are the rows; use FORMAT_NDJSON");
  }
  const std::string* condition = set.find("merge_condition");
  if (condition == nullptr || !*table.schema) return std::nullopt;
  const ColumnSchema* column = (*table.schema)->find(*condition);
  if (column == nullptr) {
    return refuse(Reason::kBadRequest, path, property("merge_condition"),
                  "is no column of the table");
  }
  if (column->key) {
    return refuse(Reason::kBadRequest, path, property("merge_condition"),
                  "must not be a key column");
  }
  if (!is_comparable(column->type.kind)) {
    return refuse(Reason::kBadRequest, path, property("merge_condition"),
                  fmt::format("names a {} column; StarRocks compares numbers, dates and times only",
                              to_string(column->type)));
  }
  if (!request.columns.empty() && !mentions(request.columns, *condition)) {
    return refuse(Reason::kBadRequest, path, property("merge_condition"),
                  "names a column that this batch does not load");
  }
  return std::nullopt;
}

/// `__op` in the columns of an encoded batch of a table that is not known to take deletes:
/// StarRocks would read it as a temporary column and insert the rows.
std::optional<Refusal> judge_op(const LaneTable& table, const LaneRequest& request,
                                const std::string& path) {
  if (request.format == Format::kTypedRows || !mentions(request.columns, kOpColumn))
    return std::nullopt;
  const std::string_view obstacle = op_obstacle(table);
  if (obstacle.empty()) return std::nullopt;
  return unsupported(path, "columns", fmt::format("has __op, but {}", obstacle));
}

/// What the table asks for, as far as this load can have it: JSON by the `compression` header of
/// later releases only (starrocks-load-protocol.md 4.3), and no release says how a merge commit
/// takes compressed bodies (9). Rows are the same either way, so they go plain otherwise.
Compression compression_of(const LaneTable& table, const LaneRequest& request) {
  if (request.properties.is_true("enable_merge_commit")) return Compression::kNone;
  if (request.kind != PayloadKind::kCsv && !table.facts.json_compression) return Compression::kNone;
  return table.options->compression;
}

/// Values of `format` for compressed CSV, and of `compression` for JSON.
struct CompressionWords {
  std::string_view csv_format;
  std::string_view json_compression;
};

CompressionWords words_of(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return {"csv", ""};
    case Compression::kGzip:
      return {"gzip", "GZIP"};
    case Compression::kLz4Frame:
      return {"lz4", "LZ4_FRAME"};
    case Compression::kZstd:
      return {"zstd", "ZSTD"};
  }
  return {"csv", ""};
}

void add_format_headers(const LaneTable& table, const LaneRequest& request, LaneSpec& lane) {
  const auto add = [&lane](std::string_view name, std::string value) {
    lane.headers.emplace_back(std::string(name), std::move(value));
  };
  const CompressionWords words = words_of(compression_of(table, request));
  if (request.kind == PayloadKind::kCsv) {
    add("format", std::string(words.csv_format));
  } else {
    add("format", "json");
    if (!words.json_compression.empty()) add("compression", std::string(words.json_compression));
  }
  if (!request.columns.empty()) add("columns", request.columns);
  if (request.kind == PayloadKind::kCsv) {
    add("column_separator", encode_separator(request.column_separator));
    add("row_delimiter", encode_separator(request.row_delimiter));
    return;
  }
  if (request.kind == PayloadKind::kJsonArray) add("strip_outer_array", "true");
  // Otherwise loads of one transaction may not exceed 100 MB together (5.5).
  add("ignore_json_size", "true");
}

/// Length-prefixed parts: no two lanes have one key, whatever bytes are in the parts.
std::string make_key(const LaneSpec& lane) {
  std::string key;
  const auto add = [&key](std::string_view part) {
    key += fmt::format("{}:{}", part.size(), part);
  };
  add(lane.database);
  add(lane.table);
  add(lane.protocol == Protocol::kTransaction ? "transaction" : "stream_load");
  add(lane.kind == PayloadKind::kCsv      ? "csv"
      : lane.kind == PayloadKind::kNdjson ? "ndjson"
                                          : "array");
  for (const auto& [name, value] : lane.headers) {
    add(name);
    add(value);
  }
  return key;
}

}  // namespace

Answer<PropertySet> drop_foreign_properties(PropertySet properties, Format format,
                                            const std::string& path) {
  const bool json = format == Format::kNdjson || format == Format::kJsonArray;
  Violations wrong(path);
  for (auto it = properties.values.begin(); it != properties.values.end();) {
    const bool foreign = (among(kCsvProperties, it->first) && format != Format::kCsv) ||
                         (among(kJsonProperties, it->first) && !json);
    // Asked for in vain, but nothing is lost: the daemon chooses the separators where it writes the
    // text, JSON has none, and ignore_json_size is sent with JSON whatever was asked for.
    const bool harmless = among(kHarmless, it->first);
    if (foreign && !harmless && properties.from_batch.contains(it->first)) {
      wrong.add(property(it->first), "has no meaning for the format of this batch; leave it out");
    }
    const bool dropped = foreign || it->first == "ignore_json_size";
    it = dropped ? properties.values.erase(it) : std::next(it);
  }
  if (!wrong.empty()) return wrong.refusal();
  return properties;
}

std::string_view op_obstacle(const LaneTable& table) {
  const KeyModel model = key_model(*table.schema, *table.options);
  if (model == KeyModel::kPrimary) return {};
  return model == KeyModel::kUnknown ? "the table's key model is not known; set its key_model"
                                     : "the table is no primary key table";
}

Answer<LaneSpec> resolve_lane(const LaneTable& table, const LaneRequest& request,
                              const std::string& path) {
  const Answer<Protocol> protocol = resolve_protocol(table, request, path);
  if (!protocol.ok()) return protocol.refusal();
  if (auto refusal = judge_table(table, request, path)) return std::move(*refusal);
  if (auto refusal = judge_op(table, request, path)) return std::move(*refusal);
  LaneSpec lane;
  lane.database = table.database;
  lane.table = table.table;
  lane.kind = request.kind;
  lane.protocol = protocol.value();
  add_format_headers(table, request, lane);
  for (const auto& [name, value] : request.properties.values) {
    const bool written = name == "column_separator" || name == "row_delimiter";
    if (!written) lane.headers.emplace_back(name, value);
  }
  std::size_t bytes = 0;
  for (const auto& [name, value] : lane.headers) {
    if (value.size() > kMaxHeaderValue) {
      return refuse(Reason::kBadRequest, path, name == "columns" ? name : property(name),
                    fmt::format("makes a header of {} bytes; a header value has at most {}",
                                value.size(), kMaxHeaderValue));
    }
    bytes += name.size() + value.size() + 4;
  }
  if (bytes > kMostHeaderBytes) {
    return refuse(
        Reason::kBadRequest, path, "columns",
        fmt::format("and properties make {} bytes of headers; StarRocks takes {} beside the "
                    "daemon's own",
                    bytes, kMostHeaderBytes));
  }
  if (const std::string* ratio = request.properties.find("max_filter_ratio")) {
    std::from_chars(ratio->data(), ratio->data() + ratio->size(), lane.max_filter_ratio);
  }
  lane.has_where = request.properties.find("where") != nullptr;
  lane.merge_commit = request.properties.is_true("enable_merge_commit");
  lane.key = make_key(lane);
  return lane;
}

}  // namespace loadstar::ingest
