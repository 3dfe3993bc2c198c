// A message of a client as it comes from gRPC (delivery-and-faults.md 5.2, T19): however it is cut
// into slices, it is the same batch, or refused in the same way.

#include "core/base/assert.hpp"
#include "core/ingest/batch_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace loadstar;  // NOLINT(google-build-using-namespace)

SliceList cut(std::string_view text, std::size_t piece) {
  SliceList list;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    list.append(Slice::from_string(std::string(text.substr(at, piece))));
  }
  return list;
}

/// Everything that a caller sees of the answer.
std::string shown(const Answer<ingest::Batch>& answer) {
  if (!answer.ok()) {
    LOADSTAR_ASSERT(!answer.refusal().violations.empty(), "a refusal says what is wrong");
    return answer.refusal().violations[0].field + answer.refusal().violations[0].description;
  }
  const ingest::Batch& batch = answer.value();
  std::string text = batch.table + '/' + std::to_string(batch.sequence) + '/' +
                     std::to_string(batch.row_count) + '/' + batch.data.to_string();
  for (const std::string& name : batch.columns) text += '/' + name;
  for (const auto& [key, value] : batch.properties) text += '/' + key + '=' + value;
  for (const std::string_view row : batch.rows) text.append(row) += '/';
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  IngestLimits limits;
  limits.max_batch_rows = 1'000;
  const SliceList whole = cut(text, std::max<std::size_t>(size, 1));
  const auto answer = ingest::read_batch(whole, limits);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, size / 2 + 1}) {
    const SliceList pieces = cut(text, piece);
    LOADSTAR_ASSERT(shown(ingest::read_batch(pieces, limits)) == shown(answer), "cuts do not show");
    LOADSTAR_ASSERT(ingest::request_kind(pieces) == ingest::request_kind(whole),
                    "cuts do not show");
  }
  if (answer.ok()) {
    LOADSTAR_ASSERT(!answer.value().table.empty() && answer.value().row_count > 0,
                    "required fields");
    LOADSTAR_ASSERT(answer.value().rows.empty() != answer.value().data.empty(), "rows or data");
  }
  return 0;
}
