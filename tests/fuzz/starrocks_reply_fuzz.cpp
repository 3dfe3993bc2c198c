// The body of a StarRocks reply, for every operation (delivery-and-faults.md 5.2, T10, T11). The
// first byte is the operation, the second the facts around the reply.

#include "core/base/assert.hpp"
#include "core/starrocks/outcome.hpp"
#include "core/starrocks/reply.hpp"
#include "core/starrocks/schema_reply.hpp"
#include "core/starrocks/sql_reply.hpp"
#include "core/starrocks/version_reply.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace loadstar;             // NOLINT(google-build-using-namespace)
using namespace loadstar::starrocks;  // NOLINT(google-build-using-namespace)

void check_text(const std::string& detail) {
  LOADSTAR_ASSERT(detail.size() < 4096, "a detail is short");
  for (const char c : detail) {
    const auto byte = static_cast<unsigned char>(c);
    LOADSTAR_ASSERT(byte >= 0x20 && byte != 0x7f, "a detail has no control byte");
  }
}

template <class T>
void check_error(const Result<T>& result) {
  if (!result) check_text(result.error().detail);
}

void check(const LoadOutcome& outcome, const http::Response& response) {
  if (outcome.verdict == LoadVerdict::kFailed) return check_text(outcome.error.detail);
  LOADSTAR_ASSERT(response.status == 200, "only HTTP 200 carries an outcome");
  const auto reply = parse_reply(response.body);
  LOADSTAR_ASSERT(reply.has_value(), "only a reply that parses is an outcome");
  if (outcome.verdict != LoadVerdict::kDone) return;
  const LoadCounts& counts = outcome.counts;
  const bool none = !reply->total_rows;  // merge commit
  LOADSTAR_ASSERT(none || counts.total_rows ==
                              counts.loaded_rows + counts.filtered_rows + counts.unselected_rows,
                  "the counts of a success add up");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr unsigned kStatuses[] = {200, 200, 200, 200, 401, 404, 500, 307};
  Expectation expected;
  expected.label = "lbl-1";
  expected.transaction_id = (data[1] & 1U) != 0 ? 7 : -1;
  expected.body_bytes = 12;
  expected.merge_commit = (data[1] & 2U) != 0;
  expected.from_frontend = (data[1] & 4U) != 0;
  expected.frontend_is_proxy = (data[1] & 8U) != 0;
  http::Response response;
  response.status = kStatuses[data[1] >> 5U];
  response.body_started = (data[1] & 16U) != 0;
  response.body.assign(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 12) {
    case 0:
      check(judge_stream_load(response, expected), response);
      break;
    case 1:
      check(judge_prepare(response, expected), response);
      break;
    case 2:
      check_error(judge_begin(response, expected));
      break;
    case 3:
      check_error(judge_load(response, expected));
      break;
    case 4:
      check_error(judge_commit(response, expected));
      break;
    case 5:
      check_error(judge_rollback(response, expected));
      break;
    case 6:
      check_error(judge_cancel(response));
      break;
    case 7:
      check_error(judge_state(response));
      break;
    case 8:
      check_error(parse_sql_reply(response));
      break;
    case 9:
      check_error(parse_schema_v2(response));
      break;
    case 10:
      check_error(parse_schema_v1(response));
      break;
    default:
      check_error(parse_feature(response));
      check_error(judge_probe(response));
      check_error(judge_health(response));
  }
  return 0;
}
