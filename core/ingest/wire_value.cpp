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

bool read_any_value(std::string_view message, WireValue& value) {
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
