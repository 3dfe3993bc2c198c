// Bytes of a server to the end of an exchange (delivery-and-faults.md 5.2, T08, T09): byte 0 says
// where the stream is split, byte 1 whether it answers a HEAD, the rest is the stream. However it
// is split, the result is the same.

#include "core/base/assert.hpp"
#include "core/http/reply_parser.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace loadstar;  // NOLINT(google-build-using-namespace)

constexpr http::ReplyLimits kLimits{2048, 4096};

struct Outcome {
  std::optional<http::Response> reply;
  bool keep_alive = false;
  bool before_the_end = false;  // complete although bytes were left
};

Outcome parse(std::string_view first, std::string_view second, bool to_head) {
  http::ReplyParser parser(kLimits, to_head);
  auto progress = parser.feed(first);
  Outcome outcome;
  if (progress && *progress == http::ReplyProgress::kComplete) {
    outcome.before_the_end = !second.empty();
  } else if (progress) {
    progress = parser.feed(second);
  }
  if (progress && *progress != http::ReplyProgress::kComplete) progress = parser.end_of_stream();
  if (!progress) return {};
  outcome.keep_alive = parser.keep_alive();
  outcome.reply = parser.take();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const bool to_head = data[1] % 2 == 1;
  const std::size_t at = stream.empty() ? 0 : data[0] * stream.size() / 256;
  const Outcome whole = parse(stream, {}, to_head);
  const Outcome split = parse(stream.substr(0, at), stream.substr(at), to_head);
  if (whole.reply) {
    LOADSTAR_ASSERT(whole.reply->status >= 200 && whole.reply->status < 600, "a final status");
    LOADSTAR_ASSERT(whole.reply->body.size() <= kLimits.body_bytes, "the body limit holds");
    std::size_t fields = 0;
    for (const auto& field : whole.reply->fields) fields += field.name.size() + field.value.size();
    LOADSTAR_ASSERT(fields <= kLimits.header_bytes, "the header limit holds");
  }
  if (split.before_the_end) return 0;  // bytes after a reply: refused if they came with it
  LOADSTAR_ASSERT(whole.reply.has_value() == split.reply.has_value(), "a split changes nothing");
  if (whole.reply) {
    LOADSTAR_ASSERT(whole.reply->body == split.reply->body, "a split changes no body");
    LOADSTAR_ASSERT(whole.reply->fields == split.reply->fields, "a split changes no field");
    LOADSTAR_ASSERT(whole.keep_alive == split.keep_alive, "a split does not change keep-alive");
  }
  return 0;
}
