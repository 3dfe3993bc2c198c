#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace loadstar::test {

/// Writes protobuf's wire format, so that tests of core/ need no protobuf
/// (protobuf.dev, "Encoding").
class WireWriter {
 public:
  void varint(std::uint32_t field, std::uint64_t value) {
    raw(static_cast<std::uint64_t>(field) << 3U);
    raw(value);
  }

  void text(std::uint32_t field, std::string_view value) {
    raw((static_cast<std::uint64_t>(field) << 3U) | 2U);
    raw(value.size());
    bytes_.append(value);
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void raw(std::uint64_t value) {
    while (value >= 0x80U) {
      bytes_.push_back(static_cast<char>((value & 0x7fU) | 0x80U));
      value >>= 7U;
    }
    bytes_.push_back(static_cast<char>(value));
  }

  std::string bytes_;
};

}  // namespace loadstar::test
