#include "core/ingest/base64.hpp"

#include <cstddef>
#include <cstdint>

namespace loadstar::ingest {

void append_base64(TextBuffer& out, std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char* to = out.room((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8U) | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      *to++ = k <= count ? kDigits[(group >> (18U - 6U * k)) & 0x3FU] : '=';
    }
  }
  out.commit(to);
}

}  // namespace loadstar::ingest
