#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace loadstar::ingest {

/// Wire types of the protobuf encoding that proto3 uses. Groups (3 and 4) are refused: no version
/// of loadstar.v1 has them, and skipping them needs unbounded nesting.
enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// Field number and wire type in front of each field.
struct WireTag {
  std::uint32_t field = 0;
  WireType type = WireType::kVarint;
};

/// Splits the varint in front of a field. False for field 0, a field above 2^29-1, and group types.
[[nodiscard]] inline bool parse_tag(std::uint64_t varint, WireTag& tag) {
  const std::uint64_t type = varint & 7U;
  const std::uint64_t field = varint >> 3U;
  if (field == 0 || field > 0x1FFF'FFFFU) return false;
  if (type == 3 || type == 4 || type > 5) return false;
  tag = WireTag{static_cast<std::uint32_t>(field), static_cast<WireType>(type)};
  return true;
}

/// Value of an sint32 or sint64 field.
[[nodiscard]] constexpr std::int64_t unzigzag64(std::uint64_t varint) {
  return static_cast<std::int64_t>((varint >> 1U) ^ (~(varint & 1U) + 1U));
}
[[nodiscard]] constexpr std::int32_t unzigzag32(std::uint64_t varint) {
  const auto low =
      static_cast<std::uint32_t>(varint);  // protobuf keeps the low half of a longer one
  return static_cast<std::int32_t>((low >> 1U) ^ (~(low & 1U) + 1U));
}

/// Reads the protobuf wire format from one run of bytes, field by field, without copying.
///
/// Every function returns false at the first byte that cannot be read (truncated, varint above ten
/// bytes, length beyond the end); what was put out is then not to be used. Never reads outside of
/// the run. Source: protobuf.dev, "Encoding".
class WireReader {
 public:
  explicit WireReader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  [[nodiscard]] bool done() const { return at_ == end_; }
  /// What has not been read yet.
  [[nodiscard]] std::string_view rest() const { return {at_, end_}; }

  [[nodiscard]] bool varint(std::uint64_t& value) {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) {
      value = static_cast<unsigned char>(*at_++);
      return true;
    }
    return long_varint(value);
  }

  /// Passes over the tag `tag` of one byte if it comes next.
  [[nodiscard]] bool pass(unsigned char tag) {
    if (at_ == end_ || static_cast<unsigned char>(*at_) != tag) return false;
    ++at_;
    return true;
  }

  [[nodiscard]] bool tag(WireTag& tag) {
    std::uint64_t value = 0;
    return varint(value) && parse_tag(value, tag);
  }

  /// A fixed64 or double field, little-endian on the wire.
  [[nodiscard]] bool fixed64(std::uint64_t& value) {
    if (end_ - at_ < 8) return false;
    if constexpr (std::endian::native == std::endian::little) {
      std::memcpy(&value, at_, 8);
    } else {
      value = 0;
      for (unsigned i = 0; i < 8; ++i) {
        value |= std::uint64_t{static_cast<unsigned char>(at_[i])} << (8U * i);
      }
    }
    at_ += 8;
    return true;
  }

  /// A length-delimited field: string, bytes or message.
  [[nodiscard]] bool bytes(std::string_view& value) {
    std::uint64_t length = 0;
    if (!varint(length) || length > static_cast<std::uint64_t>(end_ - at_)) return false;
    value = std::string_view(at_, length);
    at_ += length;
    return true;
  }

  /// Passes over the content of a field of type `type`.
  [[nodiscard]] bool skip(WireType type) {
    std::uint64_t number = 0;
    std::string_view content;
    switch (type) {
      case WireType::kVarint:
        return varint(number);
      case WireType::kFixed64:
        return fixed64(number);
      case WireType::kBytes:
        return bytes(content);
      case WireType::kFixed32:
        if (end_ - at_ < 4) return false;
        at_ += 4;
        return true;
    }
    return false;
  }

 private:
  [[nodiscard]] bool long_varint(std::uint64_t& value) {
    value = 0;
    const char* const limit = end_ - at_ > 10 ? at_ + 10 : end_;
    for (unsigned shift = 0; at_ != limit; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at_++);
      // The tenth byte has one bit left; protobuf drops the others, as here.
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  const char* at_;
  const char* end_;
};

}  // namespace loadstar::ingest
