// A label, as it comes back from a resume token or a state reply.

#include "core/base/assert.hpp"
#include "core/starrocks/label.hpp"

#include <cstdint>
#include <string_view>
#include <variant>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace loadstar::starrocks;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto label = parse_label(text);
  if (!label) return 0;
  const auto again = std::visit([](const auto& fields) { return build(fields); }, *label);
  LOADSTAR_ASSERT(again.has_value() && *again == text,
                  "a label that parses is what build() writes");
  LOADSTAR_ASSERT(is_starrocks_label(text) && text.size() <= 103,
                  "a label of ours suits StarRocks");
  return 0;
}
