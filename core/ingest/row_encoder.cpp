#include "core/ingest/row_encoder.hpp"

#include "core/ingest/column_expression.hpp"
#include "core/ingest/json_text.hpp"
#include "core/ingest/usual_value.hpp"
#include "core/ingest/violations.hpp"
#include "core/ingest/wire_reader.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

namespace loadstar::ingest {
namespace {

/// loadstar.v1.RowOp, number for number.
enum class RowOp : std::uint64_t { kUnspecified = 0, kUpsert = 1, kDelete = 2, kUpdateBefore = 3 };

constexpr std::uint32_t kRowValues = 1;
constexpr std::uint32_t kRowOp = 2;
/// Tag of Row.values in its usual, shortest form.
constexpr unsigned char kRowValuesTag =
    (kRowValues << 3U) | static_cast<unsigned char>(WireType::kBytes);

/// Row.op, which encoders write behind the values; RowOp::kUnspecified if it is not there. Unset if
/// the row is damaged.
std::optional<std::uint64_t> find_op(std::string_view row) {
  WireReader reader(row);
  std::uint64_t op = 0;
  while (!reader.done()) {
    WireTag tag;
    if (!reader.tag(tag)) return std::nullopt;
    const bool is_op = tag.field == kRowOp && tag.type == WireType::kVarint;
    if (!(is_op ? reader.varint(op) : reader.skip(tag.type))) return std::nullopt;
  }
  return op;
}

/// Text in a DELETE row for NULL in a NOT NULL column that is no key: StarRocks ignores the value,
/// but has to be able to read it (starrocks-load-protocol.md 11.7). Empty if there is none.
std::string_view placeholder(TypeKind kind, Target target) {
  const bool csv = target == Target::kCsv;
  switch (kind) {
    case TypeKind::kBoolean:
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
    case TypeKind::kLargeint:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal:
      return "0";
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      return csv ? "-" : "\"-\"";
    case TypeKind::kDate:
      return csv ? "1970-01-01" : "\"1970-01-01\"";
    case TypeKind::kDatetime:
      return csv ? "1970-01-01 00:00:00" : "\"1970-01-01 00:00:00\"";
    case TypeKind::kVarbinary:
      return csv ? "AA==" : "\"AA==\"";
    case TypeKind::kJson:
    case TypeKind::kMap:
    case TypeKind::kStruct:
      return "{}";
    case TypeKind::kArray:
      return "[]";
    case TypeKind::kBitmap:
    case TypeKind::kHll:
    case TypeKind::kPercentile:
    case TypeKind::kUnknown:
      break;
  }
  return {};
}

std::size_t expected_size(const Batch& batch, Target target) {
  std::size_t bytes = 0;
  for (const std::string_view row : batch.rows) bytes += row.size();
  // The wire spends four bytes a value; CSV one, JSON its name (performance.md 2: 105 to 93 to
  // 143).
  return target == Target::kCsv ? bytes + bytes / 8 + 64 : bytes * 2 + 64;
}

class RowEncoder {
 public:
  RowEncoder(const Batch& batch, const RowPlan& plan, Target target, const TimeZone* zone,
             const std::string& path)
      : batch_(batch),
        plan_(plan),
        path_(path),
        target_(target),
        out_(expected_size(batch, target)),
        writer_(target, zone, out_),
        wrong_(path),
        unsupported_(path) {
    if (target != Target::kJson) {
      usual_.emplace(plan);
      return;
    }
    for (const ColumnPlan& column : plan.columns) {
      TextBuffer name(64);
      append_json_string(name, column.json_name);
      names_.push_back((names_.empty() ? "{" : ",") + std::string(name.view()) + ":");
    }
  }

  std::variant<EncodedRows, NotCarried, Refusal> run() {
    std::size_t read = 0;
    for (row_ = 0; row_ < batch_.rows.size() && !wrong_.full(); ++row_) {
      start_ = out_.size();
      encode_row(batch_.rows[row_]);
      read += batch_.rows[row_].size();
      // In JSON, a row that is wrong says more than one that needs the other text.
      if (not_carried_ && (csv() || wrong_.empty())) return std::move(*not_carried_);
      if (not_carried_) break;
      if (out_.size() > read + kMostGrowth) return too_large();
    }
    if (!wrong_.empty()) return wrong_.refusal();
    if (!unsupported_.empty()) return unsupported_.refusal(Reason::kUnsupportedCombination);
    EncodedRows encoded;
    encoded.rows = rows_;
    encoded.payload.append(out_.take());
    return encoded;
  }

 private:
  [[nodiscard]] bool csv() const { return target_ == Target::kCsv; }

  void encode_row(std::string_view row) {
    if (!csv() && rows_ > 0) out_.append(',');
    WireReader reader(row);
    std::uint64_t op = 0;
    std::size_t index = 0;
    const std::size_t columns = plan_.columns.size();
    bool good = true;
    if (usual_) put_usual(reader, index);
    while (!reader.done()) {
      WireTag tag;
      std::string_view value;
      if (reader.pass(kRowValuesTag)) {
        if (!reader.bytes(value)) return damaged();
        if (good && index < columns) good = encode_value(row, index, value);
        ++index;
        if (usual_ && good) put_usual(reader, index);
        continue;
      }
      if (!reader.tag(tag)) return damaged();
      if (tag.field == kRowValues && tag.type == WireType::kBytes) {
        // In more bytes than it needs, which every reader accepts.
        if (!reader.bytes(value)) return damaged();
        if (good && index < columns) good = encode_value(row, index, value);
        ++index;
      } else if (tag.field == kRowOp && tag.type == WireType::kVarint) {
        if (!reader.varint(op)) return damaged();
      } else if (!reader.skip(tag.type)) {
        return damaged();
      }
    }
    if (index != columns) {
      return wrong("values",
                   fmt::format("has {} values, but columns has {} names", index, columns));
    }
    if (good) end_row(op);
  }

  /// Writes values for as long as they are usual ones.
  void put_usual(WireReader& reader, std::size_t& index) {
    const std::size_t columns = plan_.columns.size();
    if (index >= columns) return;
    const std::string_view rest = reader.rest();
    char* to = out_.room(rest.size() + (columns - index) * (UsualValues::kRoom + 1));
    for (; index < columns; ++index) {
      WireReader next = reader;
      std::string_view value;
      if (!next.pass(kRowValuesTag) || !next.bytes(value)) break;
      char* at = to;
      if (index > 0) *at++ = kColumnSeparator;
      at = usual_->put(index, value, rest.data() + rest.size(), at);
      if (at == nullptr) break;
      to = at;
      reader = next;
    }
    out_.commit(to);
  }

  /// Writes one value. False if the rest of the row need not be looked at.
  bool encode_value(std::string_view row, std::size_t index, std::string_view value) {
    const ColumnPlan& column = plan_.columns[index];
    if (!csv()) {
      out_.append(names_[index]);
    } else if (index > 0) {
      out_.append(kColumnSeparator);
    }
    const std::size_t value_start = out_.size();
    const Fit fit = writer_.write(column, value);
    if (fit == Fit::kOk) return true;
    const auto op = find_op(row);
    WireValue read;
    const bool well_formed = read_value(value, read) && read.kind != ValueKind::kNone;
    if (op == static_cast<std::uint64_t>(RowOp::kUpdateBefore) &&
        plan_.old_images == OpRule::kSkip && well_formed) {
      out_.truncate(start_);  // nobody is going to read the value
      return true;
    }
    const std::string_view filler = placeholder(column.type.kind, target_);
    if (writer_.refused_null() && is_delete(op) && !column.key && !filler.empty()) {
      out_.truncate(value_start);
      out_.append(filler);
      return true;
    }
    const std::string member = fmt::format("values[{}]{}", index, writer_.member());
    if (fit == Fit::kNotCarried) {
      not_carried_ = NotCarried{fmt::format("rows[{}].{}", row_, member), writer_.problem()};
      return false;
    }
    wrong(member, writer_.problem());
    out_.truncate(value_start);
    return true;
  }

  [[nodiscard]] bool is_delete(std::optional<std::uint64_t> op) const {
    if (!plan_.with_op || !op) return false;
    return *op == static_cast<std::uint64_t>(RowOp::kDelete) ||
           (*op == static_cast<std::uint64_t>(RowOp::kUpdateBefore) &&
            plan_.old_images == OpRule::kDelete);
  }

  void end_row(std::uint64_t op) {
    OpRule rule = OpRule::kDelete;
    bool deletes = false;
    if (op > static_cast<std::uint64_t>(RowOp::kUpdateBefore)) {
      return wrong("op", fmt::format("is {}, which this version does not know", op));
    }
    switch (static_cast<RowOp>(op)) {
      case RowOp::kUnspecified:
      case RowOp::kUpsert:
        break;
      case RowOp::kDelete:
        rule = plan_.deletes;
        deletes = true;
        break;
      case RowOp::kUpdateBefore:
        rule = plan_.old_images;
        deletes = true;
        break;
    }
    if (rule == OpRule::kSkip) {
      out_.truncate(start_);
      return;
    }
    if (rule != OpRule::kDelete) return unsupported(rule);
    finish_text(deletes);
  }

  void finish_text(bool deletes) {
    const char op = deletes ? '1' : '0';
    if (!csv()) {
      if (plan_.with_op) {
        out_.append(",\"__op\":");
        out_.append(op);
      }
      out_.append('}');
    } else {
      if (plan_.with_op) {
        out_.append(kColumnSeparator);
        out_.append(op);
      }
      if (out_.size() == start_ && wrong_.empty()) {
        not_carried_ =
            NotCarried{fmt::format("rows[{}].values[0]", row_),
                       "is an empty string alone in its row, which CSV skips as a blank row"};
        return;
      }
      out_.append(kRowDelimiter);
    }
    ++rows_;
  }

  [[nodiscard]] Refusal too_large() const {
    return refuse(Reason::kMessageTooLarge, path_, fmt::format("rows[{}]", row_),
                  fmt::format("and those before it are {} bytes as {}, more than {} above what was "
                              "sent; send smaller batches",
                              out_.size(), csv() ? "CSV" : "JSON", kMostGrowth));
  }

  void damaged() { wrong("", "is no loadstar.v1.Row: damaged"); }

  void wrong(std::string_view member, std::string description) {
    const std::string_view dot = member.empty() ? "" : ".";
    wrong_.add(fmt::format("rows[{}]{}{}", row_, dot, member), std::move(description));
  }

  void unsupported(OpRule rule) {
    unsupported_.add(
        fmt::format("rows[{}].op", row_),
        rule == OpRule::kNotPrimaryKey
            ? "takes a row away, but the table is no primary key table"
            : "takes a row away, but the table's key model is not known; set its key_model");
  }

  const Batch& batch_;
  const RowPlan& plan_;
  const std::string& path_;
  Target target_;
  TextBuffer out_;
  std::optional<UsualValues> usual_;  ///< CSV only
  ValueWriter writer_;
  Violations wrong_;
  Violations unsupported_;
  std::optional<NotCarried> not_carried_;
  std::vector<std::string> names_;  ///< JSON: what stands before each value
  std::size_t row_ = 0;
  std::size_t start_ = 0;  ///< of the row in the text
  std::uint64_t rows_ = 0;
};

}  // namespace

std::variant<EncodedRows, NotCarried, Refusal> encode_rows(const Batch& batch, const RowPlan& plan,
                                                           Target target, const TimeZone* zone,
                                                           const std::string& path) {
  return RowEncoder(batch, plan, target, zone, path).run();
}

}  // namespace loadstar::ingest
