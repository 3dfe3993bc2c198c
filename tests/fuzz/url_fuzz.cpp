// A URL from configuration or from a `location` field (delivery-and-faults.md 5.2, T05).

#include "core/base/assert.hpp"
#include "core/http/url.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace loadstar;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = http::parse_url(text);
  if (!url) return 0;
  LOADSTAR_ASSERT(url->endpoint.port != 0, "a parsed URL has a port");
  LOADSTAR_ASSERT(url->target.starts_with('/'), "a parsed URL has a path");
  for (const char c : url->target) LOADSTAR_ASSERT(c > 0x20 && c < 0x7F, "the target is printable");
  // What was understood means the same when it is written down and read again.
  const auto again = http::parse_url(http::to_string(url->endpoint) + url->target);
  const bool fits =
      http::to_string(url->endpoint).size() + url->target.size() <= http::kMaxUrlBytes;
  LOADSTAR_ASSERT(again.has_value() || !fits, "the printed form parses");
  if (again) {
    LOADSTAR_ASSERT(again->endpoint == url->endpoint, "the printed form names the same endpoint");
    LOADSTAR_ASSERT(again->target == url->target, "the printed form names the same target");
  }
  return 0;
}
