#include "core/ingest/payload_check.hpp"

#include "core/base/assert.hpp"
#include "core/ingest/json_scanner.hpp"
#include "core/ingest/utf8.hpp"

#include <algorithm>
#include <utility>

namespace loadstar::ingest {
namespace {

bool is_utf8(const SliceList& data) {
  Utf8Validator validator;
  for (const Slice& slice : data.slices()) {
    if (!validator.feed(slice.view())) return false;
  }
  return validator.finish();
}

/// The bytes from `begin` to `end`, uncopied.
SliceList range(const SliceList& data, std::uint64_t begin, std::uint64_t end) {
  SliceList out;
  std::uint64_t base = 0;
  for (const Slice& slice : data.slices()) {
    const std::uint64_t from = std::max(begin, base);
    const std::uint64_t to = std::min(end, base + slice.size());
    if (from < to) {
      out.append(slice.sub(from - base, to - from));
    }
    base += slice.size();
  }
  return out;
}

std::variant<CheckedPayload, BadPayload> check_json(JsonShape shape, const SliceList& data) {
  JsonScanner scanner(shape);
  for (const Slice& slice : data.slices()) {
    if (!scanner.feed(slice.view())) break;
  }
  if (!scanner.finish()) return BadPayload{"is not what the format asks for: " + scanner.problem()};
  if (shape == JsonShape::kObjectLines) {
    return CheckedPayload{data, scanner.rows(), scanner.first_op_row()};
  }
  return CheckedPayload{range(data, scanner.open_bracket() + 1, scanner.close_bracket()),
                        scanner.rows(), scanner.first_op_row()};
}

}  // namespace

std::variant<CheckedPayload, BadPayload> check_payload(Format format, const SliceList& data,
                                                       const CsvDialect& dialect) {
  // StarRocks drops CSV rows, and refuses JSON documents, that are not valid UTF-8.
  if (!is_utf8(data)) return BadPayload{"is not valid UTF-8"};
  switch (format) {
    case Format::kCsv: {
      CsvScan scan = scan_csv(data, dialect);
      if (!scan.problem.empty()) return BadPayload{std::move(scan.problem)};
      return CheckedPayload{data, scan.rows, 0};
    }
    case Format::kNdjson:
      return check_json(JsonShape::kObjectLines, data);
    case Format::kJsonArray:
      return check_json(JsonShape::kArrayOfObjects, data);
    case Format::kTypedRows:
    case Format::kArrowIpc:
      break;
  }
  LOADSTAR_ASSERT(false, "only encoded formats have a payload to check");
  return BadPayload{};
}

}  // namespace loadstar::ingest
