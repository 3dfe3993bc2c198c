// bench_encode: typed rows to CSV in one thread: straight from the wire format (architecture.md
// D7), beside protobuf's arena parse followed by the general value writer (performance.md 2). The
// wire side has a loop of its own for usual values since then; with the general writer on both
// sides the ratio was 2.83.
//
// Usage: bench_encode ROUNDS [wire]: prints, as JSON, rows per second of each round of both,
// interleaved. With `wire` only the first runs, for a profiler.

#include "core/ingest/batch_reader.hpp"
#include "core/ingest/row_plan.hpp"
#include "core/ingest/table_encoder.hpp"
#include "core/ingest/value_writer.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/messages.hpp"
#include "tests/bench/rows.hpp"

#include <google/protobuf/arena.h>
#include <loadstar/v1/ingest_service.pb.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace loadstar;          // NOLINT(google-build-using-namespace)
using namespace loadstar::ingest;  // NOLINT(google-build-using-namespace)
namespace v1 = loadstar::v1;

constexpr std::uint32_t kRowsPerMessage = 1000;
constexpr std::size_t kMessages = 200;
constexpr int kRepeat = 3;  // times through all messages in one round

std::vector<ColumnType> column_types() {
  std::vector<ColumnType> types(6);
  const TypeKind kinds[] = {TypeKind::kBigint,  TypeKind::kDatetime, TypeKind::kVarchar,
                            TypeKind::kVarchar, TypeKind::kDouble,   TypeKind::kInt};
  for (std::size_t i = 0; i < types.size(); ++i) {
    types[i].kind = kinds[i];
    if (kinds[i] == TypeKind::kVarchar) types[i].length = 65533;
  }
  return types;
}

TableSchema schema() {
  TableSchema schema;
  schema.complete = true;
  schema.key_model = KeyModel::kDuplicate;
  const auto types = column_types();
  for (std::size_t i = 0; i < types.size(); ++i) {
    ColumnSchema column;
    column.name = bench::column_names()[i];
    column.type = types[i];
    column.nullable = i > 0;
    column.key = i == 0;
    schema.columns.push_back(column);
  }
  return schema;
}

/// What the daemon does with a message.
class FromWire {
 public:
  FromWire() : encoder_("bench", "t0", TableOptions{}, schema(), ServerFacts{}) {}

  std::size_t operator()(const SliceList& message) {
    auto batch = read_batch(message, limits_);
    if (!batch.ok()) throw std::runtime_error(batch.refusal().message);
    auto encoded = encoder_.encode(batch.value(), false);
    if (!encoded.ok()) throw std::runtime_error(encoded.refusal().message);
    return encoded.value().payload.size();
  }

 private:
  IngestLimits limits_;
  TableEncoder encoder_;
};

/// The usual way: message objects, in an arena whose block is used again.
class FromObjects {
 public:
  FromObjects() : block_(4U << 20U) {
    const auto types = column_types();
    for (std::size_t i = 0; i < types.size(); ++i) {
      columns_.push_back({bench::column_names()[i], types[i], i > 0, i == 0, ""});
    }
  }

  std::size_t operator()(const SliceList& message) {
    google::protobuf::ArenaOptions options;
    options.initial_block = block_.data();
    options.initial_block_size = block_.size();
    google::protobuf::Arena arena(options);
    auto& request = *google::protobuf::Arena::CreateMessage<v1::WriteRequest>(&arena);
    const std::string_view bytes = message.slices().front().view();
    if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      throw std::runtime_error("not parsed");
    }
    TextBuffer out(bytes.size() + bytes.size() / 8);
    ValueWriter writer(Target::kCsv, nullptr, out);
    for (const v1::Row& row : request.batch().rows()) write_row(row, writer, out);
    return out.take().size();
  }

 private:
  void write_row(const v1::Row& row, ValueWriter& writer, TextBuffer& out) {
    for (int i = 0; i < row.values_size(); ++i) {
      if (i > 0) out.append(kColumnSeparator);
      const Fit fit = writer.write(columns_[static_cast<std::size_t>(i)], value_of(row.values(i)));
      if (fit != Fit::kOk) throw std::runtime_error(writer.problem());
    }
    out.append(kRowDelimiter);
  }

  static WireValue value_of(const v1::Value& value) {
    WireValue wire;
    wire.kind = static_cast<ValueKind>(value.kind_case());
    switch (value.kind_case()) {
      case v1::Value::kIntValue:
        wire.integer = value.int_value();
        break;
      case v1::Value::kDatetimeValue:
        wire.integer = value.datetime_value();
        break;
      case v1::Value::kDoubleValue:
        wire.number = value.double_value();
        break;
      case v1::Value::kStringValue:
        wire.bytes = value.string_value();
        break;
      default:
        throw std::runtime_error("not a value of rows.hpp");
    }
    return wire;
  }

  std::vector<char> block_;
  std::vector<ColumnPlan> columns_;
};

template <class Encoder>
double rows_per_second(Encoder& encoder, const std::vector<SliceList>& messages,
                       std::size_t expected) {
  std::size_t bytes = 0;
  const bench::Stopwatch watch;
  for (int i = 0; i < kRepeat; ++i) {
    for (const SliceList& message : messages) bytes += encoder(message);
  }
  // CPU time: the thread alone is what is compared, whatever else the machine does.
  const double seconds = watch.cpu_seconds();
  if (bytes != expected * kRepeat) throw std::runtime_error("unexpected size of the text");
  return static_cast<double>(messages.size() * kRowsPerMessage * kRepeat) / seconds;
}

void run(int rounds, bool only_wire) {
  std::vector<SliceList> messages;
  std::size_t text = 0;
  for (auto& message : bench::typed_messages("t0", kRowsPerMessage, kMessages)) {
    text += message.payload;
    messages.emplace_back().append(Slice::from_string(std::move(message.bytes)));
  }
  FromWire wire;
  FromObjects objects;
  std::string wire_text;
  std::string objects_text;
  for (int round = 0; round < rounds; ++round) {
    const char* const comma = round > 0 ? ", " : "";
    wire_text += comma + std::to_string(rows_per_second(wire, messages, text));
    if (only_wire) continue;
    objects_text += comma + std::to_string(rows_per_second(objects, messages, text));
  }
  std::printf("{\"wire\": [%s], \"objects\": [%s]}\n", wire_text.c_str(), objects_text.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc > 1 ? std::atoi(argv[1]) : 5, argc > 2);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_encode: %s\n", error.what());
    return 1;
  }
  return 0;
}
