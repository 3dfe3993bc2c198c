#include "core/ingest/table_encoder.hpp"

#include "core/ingest/lane_rules.hpp"
#include "core/ingest/payload_check.hpp"
#include "core/ingest/row_encoder.hpp"
#include "core/ingest/row_plan.hpp"
#include "core/ingest/time_zone.hpp"
#include "core/ingest/violations.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <map>
#include <string_view>
#include <utility>
#include <variant>

namespace loadstar::ingest {
namespace {

using Lane = std::shared_ptr<const LaneSpec>;

/// What batches with one head (format, columns, expressions, properties) have in common.
struct HeadPlan {
  RowPlan rows;        ///< typed rows
  Lane csv;            ///< typed rows; null where CSV is out of the question
  Lane json;           ///< typed rows; null where the table wants CSV only
  Lane encoded;        ///< encoded formats
  CsvDialect dialect;  ///< FORMAT_CSV
  /// Why rows of an encoded JSON batch may not have the key `__op`; empty if they may, or if keys
  /// of the row are not what is loaded.
  std::string_view op_obstacle;
};

/// Heads that are remembered for each table. A client that changes its head with every batch pays
/// for the plan each time, and no more.
constexpr std::size_t kMaxPlans = 256;

std::string head_key(const Batch& batch, bool exactly_once) {
  std::string key{static_cast<char>(batch.format), exactly_once ? 'e' : 'a'};
  // Made for every batch, so without formatting: the size as it lies in memory, then the text.
  const auto add = [&key](std::string_view part) {
    const auto size = std::bit_cast<std::array<char, sizeof(std::size_t)>>(part.size());
    key.append(size.data(), size.size());
    key += part;
  };
  for (const std::string& name : batch.columns) add(name);
  key += '|';
  for (const std::string& expression : batch.column_expressions) add(expression);
  key += '|';
  for (const auto& [name, value] : batch.properties) {
    add(name);
    add(value);
  }
  return key;
}

PayloadKind payload_kind(Format format) {
  if (format == Format::kNdjson) return PayloadKind::kNdjson;
  return format == Format::kCsv ? PayloadKind::kCsv : PayloadKind::kJsonArray;
}

CsvDialect dialect_of(const PropertySet& properties) {
  CsvDialect dialect;
  dialect.column_separator = properties.separator("column_separator", "\t");
  dialect.row_delimiter = properties.separator("row_delimiter", "\n");
  if (const std::string* enclose = properties.find("enclose")) dialect.enclose = enclose->front();
  if (const std::string* escape = properties.find("escape")) dialect.escape = escape->front();
  dialect.trim_space = properties.is_true("trim_space");
  return dialect;
}

}  // namespace

class TableEncoder::Impl {
 public:
  Impl(std::string database, std::string table, TableOptions options,
       std::optional<TableSchema> schema, ServerFacts facts)
      : options_(std::move(options)),
        schema_(std::move(schema)),
        zone_(TimeZone::load(options_.time_zone)),
        table_{std::move(database), std::move(table), &options_, &schema_, facts} {}

  Answer<EncodedBatch> encode(const Batch& batch, bool exactly_once) {
    const std::string path = batch_path(batch.sequence);
    auto planned = plan(batch, exactly_once, path);
    if (!planned.ok()) return planned.refusal();
    const HeadPlan& head = *planned.value();
    return batch.format == Format::kTypedRows ? encode_typed(batch, head, path)
                                              : encode_payload(batch, head, path);
  }

 private:
  Answer<std::shared_ptr<const HeadPlan>> plan(const Batch& batch, bool exactly_once,
                                               const std::string& path) {
    std::string key = head_key(batch, exactly_once);
    if (const auto found = plans_.find(key); found != plans_.end()) return found->second;
    auto made = make_plan(batch, exactly_once, path);
    if (!made.ok()) return made.refusal();
    if (plans_.size() >= kMaxPlans) plans_.clear();
    auto plan = std::make_shared<const HeadPlan>(std::move(made.value()));
    plans_.emplace(std::move(key), plan);
    return plan;
  }

  Answer<HeadPlan> make_plan(const Batch& batch, bool exactly_once, const std::string& path) {
    auto merged = merge_properties(batch.properties, options_, path);
    if (!merged.ok()) return merged.refusal();
    auto properties = drop_foreign_properties(std::move(merged.value()), batch.format, path);
    if (!properties.ok()) return properties.refusal();
    LaneRequest request;
    request.format = batch.format;
    request.properties = std::move(properties.value());
    request.exactly_once = exactly_once;
    return batch.format == Format::kTypedRows ? plan_typed(batch, std::move(request), path)
                                              : plan_encoded(batch, std::move(request), path);
  }

  Answer<HeadPlan> plan_typed(const Batch& batch, LaneRequest request, const std::string& path) {
    HeadPlan head;
    auto rows = plan_rows(batch, schema_, options_, request.properties, path);
    if (!rows.ok()) return rows.refusal();
    head.rows = std::move(rows.value());
    const bool csv_possible = head.rows.csv_obstacle.empty();
    if (options_.format == RowFormat::kCsv && !csv_possible) {
      return refuse(Reason::kBadRequest, path, head.rows.csv_obstacle_member,
                    head.rows.csv_obstacle + "; set the table's properties.format to auto or json");
    }
    if (options_.format != RowFormat::kJson && csv_possible) {
      request.kind = PayloadKind::kCsv;
      request.columns = head.rows.csv_columns();
      request.column_separator = std::string(1, kColumnSeparator);
      request.row_delimiter = std::string(1, kRowDelimiter);
      if (auto refusal = take_lane(request, path, head.csv)) return std::move(*refusal);
    }
    if (options_.format != RowFormat::kCsv) {
      request.kind = PayloadKind::kJsonArray;
      request.columns = head.rows.json_columns();
      if (auto refusal = take_lane(request, path, head.json)) return std::move(*refusal);
    }
    return head;
  }

  Answer<HeadPlan> plan_encoded(const Batch& batch, LaneRequest request, const std::string& path) {
    HeadPlan head;
    auto columns = encoded_columns(batch, schema_, options_, request.properties, path);
    if (!columns.ok()) return columns.refusal();
    request.columns = std::move(columns.value());
    request.kind = payload_kind(batch.format);
    head.dialect = dialect_of(request.properties);
    const bool by_key = request.properties.find("jsonpaths") == nullptr &&
                        request.properties.find("json_root") == nullptr;
    if (by_key) head.op_obstacle = op_obstacle(table_);
    request.column_separator = head.dialect.column_separator;
    request.row_delimiter = head.dialect.row_delimiter;
    if (auto refusal = take_lane(request, path, head.encoded)) return std::move(*refusal);
    return head;
  }

  /// Resolves a lane into `lane`; the refusal, if there is none.
  std::optional<Refusal> take_lane(const LaneRequest& request, const std::string& path,
                                   Lane& lane) {
    auto resolved = resolve_lane(table_, request, path);
    if (!resolved.ok()) return resolved.refusal();
    lane = std::make_shared<const LaneSpec>(std::move(resolved.value()));
    return std::nullopt;
  }

  Answer<EncodedBatch> encode_typed(const Batch& batch, const HeadPlan& head,
                                    const std::string& path) {
    if (batch.rows.size() != batch.row_count) {
      return refuse(
          Reason::kBadPayload, path, "row_count",
          fmt::format("is {}, but the batch has {} rows", batch.row_count, batch.rows.size()));
    }
    const TimeZone* zone = zone_ ? &*zone_ : nullptr;
    std::optional<NotCarried> by_csv;
    if (head.csv) {
      auto text = encode_rows(batch, head.rows, Target::kCsv, zone, path);
      if (auto* refusal = std::get_if<Refusal>(&text)) return std::move(*refusal);
      if (auto* rows = std::get_if<EncodedRows>(&text))
        return finish(batch, head.csv, std::move(*rows));
      by_csv = std::move(std::get<NotCarried>(text));
      if (!head.json) {
        return refuse(Reason::kBadRequest, path, by_csv->member,
                      by_csv->problem + "; set the table's properties.format to auto or json");
      }
    }
    auto text = encode_rows(batch, head.rows, Target::kJson, zone, path);
    if (auto* refusal = std::get_if<Refusal>(&text)) return std::move(*refusal);
    if (auto* rows = std::get_if<EncodedRows>(&text))
      return finish(batch, head.json, std::move(*rows));
    const NotCarried& value = std::get<NotCarried>(text);
    return refuse(Reason::kBadRequest, path, value.member,
                  value.problem + way_out(value, by_csv, head.rows.csv_obstacle));
  }

  /// What to do about a value that JSON cannot carry. `by_csv`: what CSV cannot, if it was tried.
  static std::string way_out(const NotCarried& value, const std::optional<NotCarried>& by_csv,
                             const std::string& csv_obstacle) {
    if (!csv_obstacle.empty()) {
      return fmt::format("; and CSV is no way out, because a column {}", csv_obstacle);
    }
    if (!by_csv) return "; set the table's properties.format to auto or csv";
    const auto row = [](const std::string& member) { return member.substr(0, member.find('.')); };
    if (row(value.member) != row(by_csv->member)) {
      return fmt::format(
          "; and CSV cannot carry this batch, because {} {}; send the two rows in "
          "batches of their own",
          by_csv->member, by_csv->problem);
    }
    return fmt::format("; and {} {}, so neither JSON nor CSV can carry this row", by_csv->member,
                       by_csv->problem);
  }

  static Answer<EncodedBatch> finish(const Batch& batch, const Lane& lane, EncodedRows rows) {
    return EncodedBatch{lane, std::move(rows.payload), rows.rows, batch.row_count};
  }

  static Answer<EncodedBatch> encode_payload(const Batch& batch, const HeadPlan& head,
                                             const std::string& path) {
    auto checked = check_payload(batch.format, batch.data, head.dialect);
    if (auto* bad = std::get_if<BadPayload>(&checked)) {
      return refuse(Reason::kBadPayload, path, "data", std::move(bad->description));
    }
    auto& payload = std::get<CheckedPayload>(checked);
    if (payload.rows != batch.row_count) {
      return refuse(Reason::kBadPayload, path, "row_count",
                    fmt::format("is {}, but data has {} rows", batch.row_count, payload.rows));
    }
    if (payload.first_op_row != 0 && !head.op_obstacle.empty()) {
      return refuse(Reason::kUnsupportedCombination, path, "data",
                    fmt::format("has the key __op in row {}, but {}", payload.first_op_row,
                                head.op_obstacle));
    }
    return EncodedBatch{head.encoded, std::move(payload.payload), payload.rows, batch.row_count};
  }

  TableOptions options_;
  std::optional<TableSchema> schema_;
  std::optional<TimeZone> zone_;
  LaneTable table_;
  std::map<std::string, std::shared_ptr<const HeadPlan>> plans_;
};

TableEncoder::TableEncoder(std::string database, std::string table, TableOptions options,
                           std::optional<TableSchema> schema, ServerFacts facts)
    : impl_(std::make_unique<Impl>(std::move(database), std::move(table), std::move(options),
                                   std::move(schema), facts)) {}

TableEncoder::~TableEncoder() = default;

Answer<EncodedBatch> TableEncoder::encode(const Batch& batch, bool exactly_once) {
  return impl_->encode(batch, exactly_once);
}

}  // namespace loadstar::ingest
