#include "config/schema.hpp"
#include "config/schema_build.hpp"
#include "core/base/load_property.hpp"

namespace loadstar::config {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using Row = build::Row<TableOptions>;

/// The option's place in TableOptions, for reading and for writing.
#define LOADSTAR_FIELD(path) \
  [](auto& table) -> auto& { return table.path; }  // NOLINT(bugprone-macro-parentheses)

constexpr std::array<build::Word<DeliveryOption>, 3> kDeliveries{
    {{DeliveryOption::kAny, "any"},
     {DeliveryOption::kAtLeastOnce, "at_least_once"},
     {DeliveryOption::kExactlyOnce, "exactly_once"}}};
constexpr std::array<build::Word<Protocol>, 3> kProtocols{
    {{Protocol::kAuto, "auto"},
     {Protocol::kStreamLoad, "stream_load"},
     {Protocol::kTransaction, "transaction"}}};
constexpr std::array<build::Word<KeyModel>, 5> kKeyModels{{{KeyModel::kUnknown, "auto"},
                                                           {KeyModel::kPrimary, "primary"},
                                                           {KeyModel::kUnique, "unique"},
                                                           {KeyModel::kAggregate, "aggregate"},
                                                           {KeyModel::kDuplicate, "duplicate"}}};
constexpr std::array<build::Word<Compression>, 4> kCompressions{
    {{Compression::kNone, "none"},
     {Compression::kGzip, "gzip"},
     {Compression::kLz4Frame, "lz4_frame"},
     {Compression::kZstd, "zstd"}}};
constexpr std::array<build::Word<RowFormat>, 3> kFormats{
    {{RowFormat::kAuto, "auto"}, {RowFormat::kCsv, "csv"}, {RowFormat::kJson, "json"}}};

Row boolean(const char* key, auto field) { return build::boolean<TableOptions>(key, field); }
Row integer(const char* key, auto field, Range range) {
  return build::integer<TableOptions>(key, field, range);
}
Row duration(const char* key, auto field, std::chrono::milliseconds min,
             std::chrono::milliseconds max) {
  return build::duration<TableOptions>(key, field, min, max);
}
Row choice(const char* key, auto field, const auto& words) {
  return build::choice<TableOptions>(key, field, words);
}

/// A separator that YAML has turned into control bytes or blanks goes on as hexadecimal text, since
/// header parsing would lose it (starrocks-load-protocol.md 11.2). Other values stay as they are.
std::string normalized_property(const std::string& name, const std::string& value) {
  const LoadProperty* property = find_load_property(name);
  if (property == nullptr || property->syntax != PropertySyntax::kSeparator || value.empty()) {
    return value;
  }
  const bool spoiled = has_control_byte(value) || value.front() == ' ' || value.back() == ' ';
  const DecodedSeparator decoded = decode_separator(value);
  return spoiled && decoded.ok() ? encode_separator(decoded.bytes) : value;
}

/// Stores the entries of a map of properties; names and values are judged by validate().
void store_properties(std::map<std::string, std::string>& properties, const Node& node,
                      const Report& report) {
  if (node.kind != Node::Kind::kMap && node.kind != Node::Kind::kNull) {
    return report(node, "must be a map; write {name: value}");
  }
  for (const NodeEntry& entry : node.entries) {
    if (entry.value.broken || !build::require_scalar(entry.value, report)) continue;
    properties[entry.key] = normalized_property(entry.key, entry.value.text);
  }
}

Row properties() {
  Row row;
  row.about = build::describe("properties", Kind::kProperty);
  row.about.shape = Shape::kMap;
  row.store = [](TableOptions& table, const Node& node, const Report& report) {
    store_properties(table.properties, node, report);
  };
  row.print = [](const TableOptions& table) { return build::print_map(table.properties); };
  row.check = [](const TableOptions&) { return std::optional<std::string>(); };
  return row;
}

Row pinned() {
  Row row;
  row.about = build::describe("pinned", Kind::kProperty);
  row.about.shape = Shape::kMap;
  row.store = [](TableOptions& table, const Node& node, const Report& report) {
    store_properties(table.pinned, node, report);
  };
  row.print = [](const TableOptions& table) { return build::print_map(table.pinned); };
  row.check = [](const TableOptions&) { return std::optional<std::string>(); };
  return row;
}

void add_flush(std::vector<Option<TableOptions>>& rows) {
  rows.push_back(
      build::size<TableOptions>("flush.max_bytes", LOADSTAR_FIELD(flush.max_bytes), 1_KiB, 10_GiB)
          .flink("sink.buffer-flush.max-bytes")
          .help("Loads when this much payload is buffered. The Flink connector allows 64MiB and "
                "more; less is a warning. At-least-once only."));
  rows.push_back(
      integer("flush.max_rows", LOADSTAR_FIELD(flush.max_rows), {1, 5'000'000})
          .flink("sink.buffer-flush.max-rows")
          .help("Loads when this many rows are buffered. stream_load and at-least-once only."));
  rows.push_back(duration("flush.interval", LOADSTAR_FIELD(flush.interval), 100ms, 1h)
                     .flink("sink.buffer-flush.interval-ms")
                     .help("Loads when the oldest buffered row is this old. At-least-once only."));
  rows.push_back(
      duration("flush.max_ack_wait", LOADSTAR_FIELD(flush.max_ack_wait), 0s, 1h)
          .help("Loads earlier when a client has waited this long for its commit; 0s = off. Off "
                "where `interval` is set and this is not. At-least-once only."));
  rows.push_back(
      build::percent<TableOptions>("flush.jitter", LOADSTAR_FIELD(flush.jitter_percent), {0, 50})
          .help("Shortens both times by up to this, fixed per daemon, so that a fleet does not "
                "load in step."));
}

void add_retry(std::vector<Option<TableOptions>>& rows) {
  rows.push_back(
      integer("retry.max_attempts", LOADSTAR_FIELD(retry.max_attempts), {0, 10})
          .flink("sink.max-retries")
          .help("Repetitions of a load that StarRocks refused, by plain Stream Load and for "
                "exactly-once. At-least-once loads by transactions are repeated for "
                "`starrocks.request_timeout` instead."));
  rows.push_back(
      duration("retry.initial_interval", LOADSTAR_FIELD(retry.initial_interval), 10ms, 1h)
          .help("Wait before the first repetition."));
  rows.push_back(duration("retry.max_interval", LOADSTAR_FIELD(retry.max_interval), 10ms, 1h)
                     .help("Longest wait between two repetitions."));
  rows.push_back(
      build::decimal<TableOptions>("retry.multiplier", LOADSTAR_FIELD(retry.multiplier), {1, 10})
          .help("Each wait is this many times the one before it."));
}

void add_properties(std::vector<Option<TableOptions>>& rows) {
  rows.push_back(
      choice("properties.format", LOADSTAR_FIELD(format), kFormats)
          .flink("sink.properties.format")
          .starrocks("`format`")
          .help("How typed rows are written: auto = CSV, and JSON for what CSV cannot carry. "
                "Encoded batches say their format themselves."));
  rows.push_back(
      build::text<TableOptions>("properties.columns", LOADSTAR_FIELD(columns))
          .flink("sink.properties.columns")
          .starrocks("`columns`")
          .help("Column list with expressions, for encoded batches (CSV, JSON) without one. It is "
                "sent as it is: CSV whose rows have an operation needs `__op` in it. Typed rows "
                "name their columns themselves."));
  rows.push_back(
      properties()
          .flink("sink.properties.*")
          .starrocks("the header of the same name")
          .help("Headers of StarRocks' loads, by their own names; a batch may override them. "
                "Quote nothing or everything: every value is text."));
  rows.push_back(pinned()
                     .starrocks("the header of the same name")
                     .help("As `properties`, but a batch cannot override them."));
}

}  // namespace

const std::vector<Option<TableOptions>>& table_options() {
  static const auto options = [] {
    std::vector<Option<TableOptions>> rows;
    rows.push_back(choice("delivery", LOADSTAR_FIELD(delivery), kDeliveries)
                       .flink("sink.semantic")
                       .help("What writers of the table may use."));
    rows.push_back(
        choice("protocol", LOADSTAR_FIELD(protocol), kProtocols)
            .flink("sink.version")
            .help("How at-least-once rows are loaded: stream_load (Flink's V1), transaction "
                  "(V2), or auto. Exactly-once always uses transactions."));
    add_flush(rows);
    rows.push_back(
        integer("parallelism", LOADSTAR_FIELD(parallelism), {1, 64})
            .flink("sink.parallelism")
            .help("At-least-once loads of one table at once. Above 1, rows of one writer may "
                  "become visible out of order."));
    add_retry(rows);
    rows.push_back(
        boolean("ignore_update_before", LOADSTAR_FIELD(ignore_update_before))
            .flink("sink.ignore.update-before")
            .help("true = UPDATE_BEFORE rows are skipped; false = they delete on primary key "
                  "tables."));
    rows.push_back(
        integer("max_isolation_loads", LOADSTAR_FIELD(max_isolation_loads), {1, 1000})
            .help("Loads that may be spent on finding bad batches; then the smallest failing "
                  "group is rejected whole."));
    rows.push_back(
        build::text<TableOptions>("time_zone", LOADSTAR_FIELD(time_zone), Kind::kTimeZone)
            .help("Wall clock that instants are written in: UTC, Asia/Shanghai or +08:00."));
    rows.push_back(
        choice("key_model", LOADSTAR_FIELD(key_model), kKeyModels)
            .help("Key model of the table; auto = ask StarRocks. Needed where it cannot tell."));
    rows.push_back(
        choice("compression", LOADSTAR_FIELD(compression), kCompressions)
            .flink("sink.properties.compression")
            .starrocks("`format` of CSV, `compression` of JSON")
            .help("Codec of the bodies of loads. Multiplies the daemon's CPU: only for networks "
                  "slower than a few hundred MB/s. JSON needs StarRocks 3.2.7 and goes plain "
                  "before; merge commit always goes plain."));
    add_properties(rows);
    return rows;
  }();
  return options;
}

#undef LOADSTAR_FIELD

}  // namespace loadstar::config
