// A resume token, as a client hands it in.

#include "core/base/assert.hpp"
#include "core/txn/resume_token.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace loadstar::txn;  // NOLINT(google-build-using-namespace)
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto token = decode_resume_token(bytes);
  if (!token.ok()) return 0;
  LOADSTAR_ASSERT(encode(token.value()) == bytes, "a token that is read is what encode() writes");
  for (const TokenPart& part : token.value().parts) {
    LOADSTAR_ASSERT(!label_of(token.value(), part).empty(), "each part has a label");
  }
  return 0;
}
