// Encoded payloads of a client: what passes the door is what StarRocks will cut into as many rows,
// and cuts between slices do not show (delivery-and-faults.md 5.2, T10 and T21).

#include "core/base/assert.hpp"
#include "core/ingest/lane.hpp"
#include "core/ingest/payload_check.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace {

using namespace loadstar;  // NOLINT(google-build-using-namespace)

SliceList cut(std::string_view text, std::size_t piece) {
  SliceList list;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    list.append(Slice::from_string(std::string(text.substr(at, piece))));
  }
  return list;
}

/// JSON by another parser, which also refuses numbers beyond the range of double; those are values
/// for StarRocks to judge, not syntax.
bool accepts(const std::string& text) {
  const bool may_overflow = text.find_first_of("eE") != std::string::npos || text.size() > 300;
  return may_overflow || nlohmann::json::accept(text);
}

std::string shown(const std::variant<ingest::CheckedPayload, ingest::BadPayload>& result) {
  if (const auto* bad = std::get_if<ingest::BadPayload>(&result)) return bad->description;
  const auto& good = std::get<ingest::CheckedPayload>(result);
  return std::to_string(good.rows) + ":" + good.payload.to_string();
}

void check(ingest::Format format, const ingest::CsvDialect& dialect,
           const ingest::CheckedPayload& good) {
  const std::string text = good.payload.to_string();
  if (format == ingest::Format::kCsv) {
    LOADSTAR_ASSERT(text.ends_with(dialect.row_delimiter), "joined rows do not merge");
    return;
  }
  if (format == ingest::Format::kNdjson) {
    const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    LOADSTAR_ASSERT(text.ends_with('\n') && lines == good.rows, "one object a line");
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      LOADSTAR_ASSERT(accepts(text.substr(at, text.find('\n', at) - at)), "each is JSON");
    }
    return;
  }
  const std::string body =
      ingest::join_payloads(ingest::PayloadKind::kJsonArray, {&good.payload}).to_string();
  LOADSTAR_ASSERT(body.empty() || accepts(body), "spliced arrays are JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto format = static_cast<ingest::Format>(2 + data[0] % 3);
  ingest::CsvDialect dialect;
  if ((data[0] & 4U) != 0) dialect.row_delimiter = "\r\n";
  if ((data[0] & 8U) != 0) dialect.column_separator = "||";
  if ((data[0] & 16U) != 0) dialect.enclose = '"';
  if ((data[0] & 32U) != 0) dialect.escape = '\\';
  dialect.trim_space = (data[0] & 64U) != 0;
  const auto result = ingest::check_payload(format, cut(text, size), dialect);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, size / 2 + 1}) {
    const bool same =
        shown(ingest::check_payload(format, cut(text, piece), dialect)) == shown(result);
    LOADSTAR_ASSERT(same, "cuts do not show");
  }
  if (const auto* good = std::get_if<ingest::CheckedPayload>(&result))
    check(format, dialect, *good);
  return 0;
}
