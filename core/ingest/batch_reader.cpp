#include "core/ingest/batch_reader.hpp"

#include "core/ingest/slice_reader.hpp"
#include "core/ingest/utf8.hpp"
#include "core/ingest/violations.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace loadstar::ingest {
namespace {

// Field numbers of proto/loadstar/v1/ingest_service.proto and data.proto.
constexpr std::uint32_t kRequestOpen = 1;
constexpr std::uint32_t kRequestBatch = 2;

enum BatchField : std::uint32_t {
  kSequence = 1,
  kCheckpointId = 2,
  kTable = 3,
  kColumns = 4,
  kRowCount = 5,
  kFormat = 6,
  kRows = 7,
  kProperties = 8,
  kColumnExpressions = 9,
  kData = 15,
};

/// Longest name of a table, as of a database in an Open.
constexpr std::size_t kMaxTableName = 256;
/// Bounds on the head of a batch; StarRocks has no table and no load that comes near them
/// (delivery-and-faults.md 5.1).
constexpr std::size_t kMaxNames = 4096;
/// Longest name of a column that StarRocks takes, in bytes.
constexpr std::uint64_t kMaxColumnName = 1024;
constexpr std::size_t kMaxProperties = 64;
/// Tag of Batch.rows in its usual, shortest form.
constexpr unsigned char kRowsTag = (kRows << 3U) | static_cast<unsigned char>(WireType::kBytes);

/// Reads the fields of one Batch into a plain value. Keeps the first thing that is wrong.
class BatchParser {
 public:
  BatchParser(const SliceList& message, const IngestLimits& limits)
      : message_(message), reader_(message), limits_(limits) {
    batch_.message_bytes = message.size();
  }

  Answer<Batch> parse() {
    bool holds_batch = false;
    while (!reader_.done()) {
      WireTag tag;
      if (!reader_.tag(tag)) return damaged();
      const bool message = tag.type == WireType::kBytes;
      if (message && tag.field == kRequestBatch) {
        // Repeated, a message field is merged (protobuf.dev, "Last One Wins"): just read on.
        std::uint64_t length = 0;
        if (!reader_.length(length)) return damaged();
        const std::uint64_t outer = reader_.enter(length);
        if (!read_fields()) return refusal();
        reader_.leave(outer);
        holds_batch = true;
      } else {
        if (!reader_.skip(tag.type)) return damaged();
        if (message &&
            tag.field == kRequestOpen) {  // the later member of a oneof replaces the earlier
          forget_batch();
          holds_batch = false;
        }
      }
    }
    if (!holds_batch) {
      return refuse(Reason::kBadRequest, "batch", "",
                    "is missing: every request after the first one must be a Batch");
    }
    return judge();
  }

 private:
  bool read_fields() {
    while (!reader_.done()) {
      if (reader_.pass(kRowsTag)) {
        if (!read_row()) return false;
        continue;
      }
      WireTag tag;
      if (!reader_.tag(tag)) return fail_damaged();
      bool known = true;
      if (tag.type == WireType::kVarint) {
        known = tag.field == kSequence || tag.field == kCheckpointId || tag.field == kRowCount ||
                tag.field == kFormat;
        if (known && !read_number(tag.field)) return false;
      } else if (tag.type == WireType::kBytes) {
        known = tag.field == kTable || tag.field == kColumns || tag.field == kRows ||
                tag.field == kProperties || tag.field == kColumnExpressions || tag.field == kData;
        if (known && !read_bytes(tag.field)) return false;
      } else {
        known = false;
      }
      // A known number with another wire type is an unknown field, as in every protobuf reader.
      if (!known && !reader_.skip(tag.type)) return fail_damaged();
    }
    return true;
  }

  bool read_number(std::uint32_t field) {
    std::uint64_t value = 0;
    if (!reader_.varint(value)) return fail_damaged();
    if (field == kSequence) batch_.sequence = value;
    if (field == kCheckpointId) batch_.checkpoint_id = value;
    if (field == kRowCount) batch_.row_count = static_cast<std::uint32_t>(value);
    if (field == kFormat) format_ = static_cast<std::int32_t>(value);
    return true;
  }

  bool read_row() {
    std::uint64_t length = 0;
    if (!reader_.length(length)) return fail_damaged();
    if (batch_.rows.size() == limits_.max_batch_rows) {
      return fail("rows", fmt::format("has more than {} rows, the limit of one batch; send "
                                      "smaller batches",
                                      limits_.max_batch_rows));
    }
    if (batch_.rows.empty()) {
      for (const Slice& slice : message_.slices()) batch_.rows.keep(slice);
    }
    if (reader_.is_contiguous(length)) {
      batch_.rows.add(reader_.take_view(length));
      return true;
    }
    Slice row;
    if (!reader_.take_contiguous(length, row)) return fail_damaged();
    batch_.rows.add(std::move(row));
    return true;
  }

  bool read_bytes(std::uint32_t field) {
    if (field == kRows) return read_row();  // its tag in more bytes than it needs
    std::uint64_t length = 0;
    if (!reader_.length(length)) return fail_damaged();
    switch (field) {
      case kTable:
        return read_string(length, "table", batch_.table);
      case kColumns:
        return read_name(length, "columns", batch_.columns);
      case kColumnExpressions:
        return read_name(length, "column_expressions", batch_.column_expressions);
      case kProperties:
        return read_property(length);
      default:
        break;
    }
    batch_.data = SliceList();  // of a repeated scalar field the last one counts
    return reader_.take(length, batch_.data) || fail_damaged();
  }

  bool read_string(std::uint64_t length, std::string_view member, std::string& out) {
    Slice bytes;
    if (!reader_.take_contiguous(length, bytes)) return fail_damaged();
    if (!is_utf8(bytes.view())) return fail(member, "is not valid UTF-8");
    out = std::string(bytes.view());
    return true;
  }

  bool read_name(std::uint64_t length, std::string_view member, std::vector<std::string>& out) {
    if (out.size() == kMaxNames) {
      return fail(member, fmt::format("has more than {} entries", kMaxNames));
    }
    if (member == "columns" && length > kMaxColumnName) {
      return fail(fmt::format("columns[{}]", out.size()),
                  fmt::format("is {} bytes long; the name of a column has at most {}", length,
                              kMaxColumnName));
    }
    out.emplace_back();
    return read_string(length, fmt::format("{}[{}]", member, out.size() - 1), out.back());
  }

  /// An entry of map<string, string>: a message with key = 1 and value = 2, both optional.
  bool read_property(std::uint64_t length) {
    std::string key;
    std::string value;
    const std::uint64_t outer = reader_.enter(length);
    while (!reader_.done()) {
      WireTag tag;
      if (!reader_.tag(tag)) return fail_damaged();
      if (tag.type == WireType::kBytes && (tag.field == 1 || tag.field == 2)) {
        std::uint64_t size = 0;
        if (!reader_.length(size)) return fail_damaged();
        if (!read_string(size, "properties", tag.field == 1 ? key : value)) return false;
      } else if (!reader_.skip(tag.type)) {
        return fail_damaged();
      }
    }
    reader_.leave(outer);
    batch_.properties.insert_or_assign(std::move(key), std::move(value));
    if (batch_.properties.size() > kMaxProperties) {
      return fail("properties", fmt::format("has more than {} entries", kMaxProperties));
    }
    return true;
  }

  /// What can be judged without knowing the table.
  Answer<Batch> judge() {
    Violations wrong(batch_path(batch_.sequence));
    if (format_ == 0) {
      wrong.add("format", "is missing; say which Format the rows have");
      return wrong.refusal();
    }
    if (format_ < 0 || format_ >= static_cast<int>(Format::kArrowIpc)) {
      const bool arrow = format_ == static_cast<int>(Format::kArrowIpc);
      return refuse(Reason::kFormatUnsupported, batch_path(batch_.sequence), "format",
                    fmt::format("{} is not supported by this version; use FORMAT_TYPED_ROWS, "
                                "FORMAT_CSV, FORMAT_NDJSON or FORMAT_JSON_ARRAY",
                                arrow ? "FORMAT_ARROW_IPC" : fmt::format("value {}", format_)));
    }
    batch_.format = static_cast<Format>(format_);
    judge_head(wrong);
    judge_content(wrong);
    if (!wrong.empty()) return wrong.refusal();
    return std::move(batch_);
  }

  void judge_head(Violations& wrong) const {
    if (batch_.table.empty()) wrong.add("table", "is missing");
    if (batch_.table.size() > kMaxTableName) {
      wrong.add("table", fmt::format("has {} bytes; at most {} are allowed", batch_.table.size(),
                                     kMaxTableName));
    }
    if (!is_printable(batch_.table)) wrong.add("table", "has control characters");
    if (batch_.row_count == 0)
      wrong.add("row_count", "is missing; say how many rows the batch has");
    if (batch_.row_count > limits_.max_batch_rows) {
      wrong.add("row_count",
                fmt::format("{} is above {}, the limit of one batch; send smaller batches",
                            batch_.row_count, limits_.max_batch_rows));
    }
  }

  void judge_content(Violations& wrong) const {
    if (batch_.format == Format::kTypedRows) {
      if (batch_.columns.empty()) {
        wrong.add("columns", "is missing; FORMAT_TYPED_ROWS needs the names of the values");
      }
      if (batch_.rows.empty())
        wrong.add("rows", "is missing; FORMAT_TYPED_ROWS carries its rows there");
      if (!batch_.data.empty()) wrong.add("data", "must be empty with FORMAT_TYPED_ROWS");
      return;
    }
    if (batch_.data.empty())
      wrong.add("data", "is missing; encoded formats carry their rows there");
    if (!batch_.rows.empty())
      wrong.add("rows", "must be empty unless the format is FORMAT_TYPED_ROWS");
    if (batch_.columns.empty() && !batch_.column_expressions.empty()) {
      wrong.add("column_expressions", "needs columns");
    }
  }

  void forget_batch() {
    const std::uint64_t bytes = batch_.message_bytes;
    batch_ = Batch();
    batch_.message_bytes = bytes;
    format_ = 0;
  }

  bool fail(std::string_view member, std::string description) {
    wrong_member_ = member;
    wrong_ = std::move(description);
    return false;
  }
  bool fail_damaged() {
    return fail("", fmt::format("is no loadstar.v1.WriteRequest: damaged near byte {}",
                                reader_.position()));
  }
  Refusal refusal() const {
    return refuse(Reason::kBadRequest, batch_path(batch_.sequence), wrong_member_, wrong_);
  }
  Refusal damaged() {
    fail_damaged();
    return refusal();
  }

  const SliceList& message_;
  SliceReader reader_;
  const IngestLimits& limits_;
  Batch batch_;
  std::int32_t format_ = 0;  ///< open enum: values of a later version are possible
  std::string wrong_member_;
  std::string wrong_;
};

}  // namespace

RequestKind request_kind(const SliceList& message) {
  SliceReader reader(message);
  WireTag tag;
  std::uint64_t length = 0;
  if (!reader.tag(tag) || tag.type != WireType::kBytes || !reader.length(length)) {
    return RequestKind::kNone;
  }
  if (tag.field == kRequestOpen) return RequestKind::kOpen;
  return tag.field == kRequestBatch ? RequestKind::kBatch : RequestKind::kNone;
}

Answer<Batch> read_batch(const SliceList& message, const IngestLimits& limits) {
  if (message.size() > limits.max_message.value) {
    return refuse(
        Reason::kMessageTooLarge, "batch", "",
        fmt::format("is {} bytes long, the limit of one message is {}; send smaller batches",
                    message.size(), limits.max_message.value));
  }
  return BatchParser(message, limits).parse();
}

}  // namespace loadstar::ingest
