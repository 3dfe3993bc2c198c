#pragma once

#include "core/ingest/wire_reader.hpp"

#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

namespace loadstar::ingest {

/// Members of loadstar.v1.Value, by field number (data.proto).
enum class ValueKind : std::uint8_t {
  kNone = 0,  ///< no member that this version knows
  kNull = 1,
  kBool = 2,
  kInt = 3,
  kDouble = 4,
  kString = 5,
  kBytes = 6,
  kDate = 7,
  kDatetime = 8,
  kList = 9,
  kMap = 10,
  kStruct = 11,
  kInstant = 12,
};

/// Name of the member, for messages: "int_value".
[[nodiscard]] std::string_view to_string(ValueKind kind);

/// One Value, read but not interpreted.
struct WireValue {
  ValueKind kind = ValueKind::kNone;
  std::int64_t integer = 0;  ///< kBool (0, 1), kInt, kDate, kDatetime, kInstant
  double number = 0;         ///< kDouble
  std::string_view bytes;    ///< kString, kBytes; the message of kList, kMap, kStruct
};

/// Reads a serialised Value. The last member counts, as in every protobuf reader; a message member
/// that comes twice would have to be merged, which no encoder asks for, and is damage here. False
/// if damaged.
[[nodiscard]] bool read_any_value(std::string_view message, WireValue& value);

/// Tag of a member, which is one byte.
constexpr unsigned char tag_of(ValueKind kind, WireType type) {
  return static_cast<unsigned char>((static_cast<unsigned>(kind) << 3U) |
                                    static_cast<unsigned>(type));
}

/// Reads what nearly every message is: one member of the commonest kinds, and nothing else. False
/// if it is something else, right or wrong; `value` is then not to be used. In the header, because
/// most values of most rows come through here.
[[nodiscard]] inline bool read_usual_value(std::string_view message, WireValue& value) {
  if (message.empty()) return false;
  WireReader reader(message.substr(1));
  std::uint64_t number = 0;
  switch (static_cast<unsigned char>(message.front())) {
    case tag_of(ValueKind::kString, WireType::kBytes):
      value.kind = ValueKind::kString;
      return reader.bytes(value.bytes) && reader.done();
    case tag_of(ValueKind::kInt, WireType::kVarint):
      value.kind = ValueKind::kInt;
      break;
    case tag_of(ValueKind::kDatetime, WireType::kVarint):
      value.kind = ValueKind::kDatetime;
      break;
    case tag_of(ValueKind::kDouble, WireType::kFixed64):
      value.kind = ValueKind::kDouble;
      if (!reader.fixed64(number)) return false;
      value.number = std::bit_cast<double>(number);
      return reader.done();
    default:
      return false;
  }
  if (!reader.varint(number)) return false;
  value.integer = unzigzag64(number);
  return reader.done();
}

/// As read_any_value(), quicker for usual values.
[[nodiscard]] inline bool read_value(std::string_view message, WireValue& value) {
  return read_usual_value(message, value) || read_any_value(message, value);
}

/// How deep lists, maps and structs may be within each other; deeper than any column type of
/// StarRocks.
inline constexpr int kMaxNesting = 32;

/// Entries of a MapValue (keys and values) or StructValue (names and values), serialised. As many
/// of the one as of the other only if the client sent them so.
struct WireEntries {
  std::vector<std::string_view> names;
  std::vector<std::string_view> values;
};

/// Reads the elements of a ListValue. False if damaged.
[[nodiscard]] bool read_elements(std::string_view message, std::vector<std::string_view>& elements);
/// Reads a MapValue or StructValue. False if damaged.
[[nodiscard]] bool read_entries(std::string_view message, WireEntries& entries);

}  // namespace loadstar::ingest
