#pragma once

#include "core/base/slice.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loadstar::ingest::wire {

// Writes the protobuf wire format by hand, from the numbers in proto/loadstar/v1/data.proto, so
// that a misreading in core/ingest is not repeated here. proto_reader_test.cpp compares it with
// protobuf.

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  while (value >= 0x80) {
    bytes += static_cast<char>(static_cast<unsigned char>(value | 0x80U));
    value >>= 7U;
  }
  bytes += static_cast<char>(static_cast<unsigned char>(value));
  return bytes;
}

inline std::string number(std::uint32_t field, std::uint64_t value) {
  return varint(std::uint64_t{field} << 3U) + varint(value);
}

inline std::string bytes(std::uint32_t field, std::string_view content) {
  return varint((std::uint64_t{field} << 3U) | 2U) + varint(content.size()) + std::string(content);
}

inline std::string zigzag(std::uint32_t field, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return number(field, value < 0 ? ~(bits << 1U) : bits << 1U);
}

inline std::string fixed64(std::uint32_t field, double value) {
  std::string text = varint((std::uint64_t{field} << 3U) | 1U);
  std::uint64_t bits = 0;
  static_assert(sizeof bits == sizeof value);
  __builtin_memcpy(&bits, &value, sizeof bits);
  for (unsigned i = 0; i < 8; ++i) text += static_cast<char>((bits >> (8U * i)) & 0xFFU);
  return text;
}

// Members of Value.
inline std::string null_value() { return number(1, 0); }
inline std::string bool_value(bool value) { return number(2, value ? 1 : 0); }
inline std::string int_value(std::int64_t value) { return zigzag(3, value); }
inline std::string double_value(double value) { return fixed64(4, value); }
inline std::string string_value(std::string_view value) { return bytes(5, value); }
inline std::string bytes_value(std::string_view value) { return bytes(6, value); }
inline std::string date_value(std::int32_t days) { return zigzag(7, days); }
inline std::string datetime_value(std::int64_t micros) { return zigzag(8, micros); }
inline std::string instant_value(std::int64_t micros) { return zigzag(12, micros); }

inline std::string list_value(const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) list += bytes(1, value);
  return bytes(9, list);
}

inline std::string pairs(std::uint32_t field, const std::vector<std::string>& names,
                         const std::vector<std::string>& values) {
  std::string content;
  for (const std::string& name : names) content += bytes(1, name);
  for (const std::string& value : values) content += bytes(2, value);
  return bytes(field, content);
}
inline std::string map_value(const std::vector<std::string>& keys,
                             const std::vector<std::string>& values) {
  return pairs(10, keys, values);
}
inline std::string struct_value(const std::vector<std::string>& names,
                                const std::vector<std::string>& values) {
  return pairs(11, names, values);
}

// Row.op
inline constexpr std::uint64_t kUpsert = 1;
inline constexpr std::uint64_t kDelete = 2;
inline constexpr std::uint64_t kUpdateBefore = 3;

inline std::string row(const std::vector<std::string>& values, std::uint64_t op = 0) {
  std::string content;
  for (const std::string& value : values) content += bytes(1, value);
  if (op != 0) content += number(2, op);
  return content;
}

/// The fields of a Batch; message() is a WriteRequest with it.
struct BatchFields {
  std::uint64_t sequence = 0;
  std::uint64_t checkpoint_id = 0;
  std::string table = "t";
  std::vector<std::string> columns;
  std::uint32_t row_count = 0;
  std::uint32_t format = 0;
  std::vector<std::string> rows;
  std::map<std::string, std::string> properties;
  std::vector<std::string> expressions;
  std::string data;

  /// The fields one by one, in number order; absent ones are left out as protobuf does.
  [[nodiscard]] std::vector<std::string> fields() const {
    std::vector<std::string> all;
    if (sequence != 0) all.push_back(number(1, sequence));
    if (checkpoint_id != 0) all.push_back(number(2, checkpoint_id));
    if (!table.empty()) all.push_back(bytes(3, table));
    for (const std::string& name : columns) all.push_back(bytes(4, name));
    if (row_count != 0) all.push_back(number(5, row_count));
    if (format != 0) all.push_back(number(6, format));
    for (const std::string& one : rows) all.push_back(bytes(7, one));
    for (const auto& [key, value] : properties) {
      all.push_back(bytes(8, bytes(1, key) + bytes(2, value)));
    }
    for (const std::string& one : expressions) all.push_back(bytes(9, one));
    if (!data.empty()) all.push_back(bytes(15, data));
    return all;
  }

  [[nodiscard]] std::string message() const {
    std::string content;
    for (const std::string& field : fields()) content += field;
    return bytes(2, content);
  }
};

/// `text` in pieces of `size` bytes, each in storage of its own, so that a sanitizer sees every
/// step over an edge.
inline SliceList pieces(std::string_view text, std::size_t size) {
  SliceList list;
  for (std::size_t at = 0; at < text.size(); at += size) {
    list.append(Slice::from_string(std::string(text.substr(at, size))));
  }
  return list;
}

inline SliceList whole(std::string_view text) { return pieces(text, text.size() + 1); }

/// `text` cut once, at `at`.
inline SliceList cut(std::string_view text, std::size_t at) {
  SliceList list;
  list.append(Slice::from_string(std::string(text.substr(0, at))));
  list.append(Slice::from_string(std::string(text.substr(at))));
  return list;
}

}  // namespace loadstar::ingest::wire
