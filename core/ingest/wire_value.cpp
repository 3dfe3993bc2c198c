#include "core/ingest/wire_value.hpp"

#include "core/ingest/wire_reader.hpp"

#include <bit>
#include <utility>

namespace loadstar::ingest {
namespace {

/// Wire type of the member with field number `field`; members of another one are unknown fields.
constexpr bool has_type(std::uint32_t field, WireType type) {
  switch (static_cast<ValueKind>(field)) {
    case ValueKind::kNull:
    case ValueKind::kBool:
    case ValueKind::kInt:
    case ValueKind::kDate:
    case ValueKind::kDatetime:
    case ValueKind::kInstant:
      return type == WireType::kVarint;
    case ValueKind::kDouble:
      return type == WireType::kFixed64;
    case ValueKind::kString:
    case ValueKind::kBytes:
    case ValueKind::kList:
    case ValueKind::kMap:
    case ValueKind::kStruct:
      return type == WireType::kBytes;
    case ValueKind::kNone:
      break;
  }
  return false;
}

constexpr bool is_message(ValueKind kind) {
  return kind == ValueKind::kList || kind == ValueKind::kMap || kind == ValueKind::kStruct;
}

bool read_content(WireReader& reader, ValueKind kind, WireValue& value) {
  if (is_message(kind) && value.kind == kind) return false;
  value.kind = kind;
  if (kind == ValueKind::kDouble) {
    std::uint64_t bits = 0;
    if (!reader.fixed64(bits)) return false;
    value.number = std::bit_cast<double>(bits);
    return true;
  }
  if (is_message(kind) || kind == ValueKind::kString || kind == ValueKind::kBytes) {
    return reader.bytes(value.bytes);
  }
  std::uint64_t varint = 0;
  if (!reader.varint(varint)) return false;
  if (kind == ValueKind::kBool) {
    value.integer = varint != 0 ? 1 : 0;
  } else if (kind == ValueKind::kDate) {
    value.integer = unzigzag32(varint);
  } else {
    value.integer = unzigzag64(varint);
  }
  return true;
}

/// Tag of a member, which is one byte.
constexpr unsigned char tag_of(ValueKind kind, WireType type) {
  return static_cast<unsigned char>((static_cast<unsigned>(kind) << 3U) |
                                    static_cast<unsigned>(type));
}

/// Reads what nearly every message is: one member of the commonest kinds, and nothing else. False
/// if it is something else, right or wrong.
bool read_usual(std::string_view message, WireValue& value) {
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

}  // namespace

bool read_elements(std::string_view message, std::vector<std::string_view>& elements) {
  WireEntries entries;
  if (!read_entries(message, entries)) return false;
  elements = std::move(entries.names);  // ListValue.values is field 1; a field 2 is an unknown one
  return true;
}

bool read_entries(std::string_view message, WireEntries& entries) {
  WireReader reader(message);
  while (!reader.done()) {
    WireTag tag;
    if (!reader.tag(tag)) return false;
    if (tag.type == WireType::kBytes && (tag.field == 1 || tag.field == 2)) {
      std::string_view bytes;
      if (!reader.bytes(bytes)) return false;
      (tag.field == 1 ? entries.names : entries.values).push_back(bytes);
    } else if (!reader.skip(tag.type)) {
      return false;
    }
  }
  return true;
}

std::string_view to_string(ValueKind kind) {
  switch (kind) {
    case ValueKind::kNone:
      return "no member";
    case ValueKind::kNull:
      return "null_value";
    case ValueKind::kBool:
      return "bool_value";
    case ValueKind::kInt:
      return "int_value";
    case ValueKind::kDouble:
      return "double_value";
    case ValueKind::kString:
      return "string_value";
    case ValueKind::kBytes:
      return "bytes_value";
    case ValueKind::kDate:
      return "date_value";
    case ValueKind::kDatetime:
      return "datetime_value";
    case ValueKind::kList:
      return "list_value";
    case ValueKind::kMap:
      return "map_value";
    case ValueKind::kStruct:
      return "struct_value";
    case ValueKind::kInstant:
      return "instant_value";
  }
  return "no member";
}

bool read_value(std::string_view message, WireValue& value) {
  value = WireValue();
  if (read_usual(message, value)) return true;
  value = WireValue();
  WireReader reader(message);
  while (!reader.done()) {
    WireTag tag;
    if (!reader.tag(tag)) return false;
    const bool known = tag.field <= static_cast<std::uint32_t>(ValueKind::kInstant) &&
                       has_type(tag.field, tag.type);
    if (!known) {
      if (!reader.skip(tag.type)) return false;
    } else if (!read_content(reader, static_cast<ValueKind>(tag.field), value)) {
      return false;
    }
  }
  return true;
}

}  // namespace loadstar::ingest
