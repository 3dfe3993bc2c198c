#pragma once

#include "core/ingest/calendar.hpp"
#include "core/ingest/digits.hpp"
#include "core/ingest/number_text.hpp"
#include "core/ingest/row_plan.hpp"
#include "core/ingest/text_copy.hpp"
#include "core/ingest/utf8.hpp"
#include "core/ingest/wire_value.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace loadstar::ingest {

/// Writes what nearly all rows consist of straight from the wire into CSV: integers, doubles, texts
/// and times in columns of their own types, and NULL. Whatever is something else, right or wrong,
/// is ValueWriter's; for what it writes, its text is the same (tested on random values).
///
/// In the header, since the whole of a row is compiled into one loop: what is spent on each value
/// decides how many rows a second a core takes (performance.md 2).
class UsualValues {
 public:
  /// Bytes that put() may write beyond the size of the value.
  static constexpr std::size_t kRoom = 32;

  explicit UsualValues(const RowPlan& plan);

  /// Writes a serialised loadstar.v1.Value for column `index` of the plan at `to`, where there is
  /// room for its size and kRoom. `end` is how far the bytes around `message` may be read. Returns
  /// the end of the text; nullptr: it is ValueWriter's.
  [[nodiscard, gnu::always_inline]] char* put(std::size_t index, std::string_view message,
                                              const char* end, char* to);

 private:
  /// What one column takes here.
  struct Column {
    std::uint32_t kinds = 0;   ///< bit n: ValueKind n
    std::int64_t least = 0;    ///< of integers
    std::int64_t most = 0;     ///< of integers
    std::size_t longest = 0;   ///< of texts, in bytes
    bool ends_at_nul = false;  ///< texts: CHAR
  };

  static constexpr std::uint32_t bit(ValueKind kind) { return 1U << static_cast<unsigned>(kind); }
  static Column column_of(const ColumnPlan& plan);
  /// The varint that is all of `bytes`, which are not none. False also for those above eight bytes.
  [[gnu::always_inline]] static bool whole_varint(std::string_view bytes, const char* end,
                                                  std::uint64_t& value);
  static char* put_text(const Column& column, std::string_view content, char* to);

  std::vector<Column> columns_;
  DayText last_day_;
};

inline bool UsualValues::whole_varint(std::string_view bytes, const char* end,
                                      std::uint64_t& value) {
  const std::size_t size = bytes.size();
  if (size == 1) {
    value = static_cast<unsigned char>(bytes.front());
    return value < 0x80;
  }
  if (size == 0 || size > 8) return false;
  std::uint64_t word = 0;
  if (std::endian::native == std::endian::little && end - bytes.data() >= 8) {
    std::memcpy(&word, bytes.data(), 8);
    word &= ~std::uint64_t{0} >> (64 - 8 * size);
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
  }
  // All bytes but the last say that another one follows.
  constexpr std::uint64_t kMore = 0x8080'8080'8080'8080;
  if ((word & kMore) != kMore >> (72 - 8 * size)) return false;
  // Seven bits of each byte, pushed together pair by pair.
  word &= ~kMore;
  word = (word & 0x007F'007F'007F'007F) | ((word & 0x7F00'7F00'7F00'7F00) >> 1U);
  word = (word & 0x0000'3FFF'0000'3FFF) | ((word & 0x3FFF'0000'3FFF'0000) >> 2U);
  value = (word & 0x0FFF'FFFF) | ((word & 0x0FFF'FFFF'0000'0000) >> 4U);
  return true;
}

inline char* UsualValues::put_text(const Column& column, std::string_view content, char* to) {
  std::string_view text;
  WireReader reader(content);
  if (!reader.bytes(text) || !reader.done() || text.size() > column.longest) return nullptr;
  const SeenInText seen = copy_text(to, text);
  if (seen.separator != 0) return nullptr;
  if (text.size() == 2 && text == "\\N") return nullptr;
  if (column.ends_at_nul && text.find('\0') != std::string_view::npos) return nullptr;
  if (seen.beyond_ascii != 0 && !is_utf8(text)) return nullptr;
  return to + text.size();
}

inline char* UsualValues::put(std::size_t index, std::string_view message, const char* end,
                              char* to) {
  if (message.size() < 2) return nullptr;
  const Column& column = columns_[index];
  const auto tag = static_cast<unsigned char>(message.front());
  if (tag >> 3U > static_cast<unsigned>(ValueKind::kInstant)) return nullptr;
  if ((column.kinds & bit(static_cast<ValueKind>(tag >> 3U))) == 0) return nullptr;
  const std::string_view content = message.substr(1);
  std::uint64_t bits = 0;
  switch (tag) {
    case tag_of(ValueKind::kString, WireType::kBytes):
      return put_text(column, content, to);
    case tag_of(ValueKind::kInt, WireType::kVarint): {
      if (!whole_varint(content, end, bits)) return nullptr;
      const std::int64_t number = unzigzag64(bits);
      if (number < column.least || number > column.most) return nullptr;
      return put_integer(to, number);
    }
    case tag_of(ValueKind::kDatetime, WireType::kVarint): {
      if (!whole_varint(content, end, bits)) return nullptr;
      const std::int64_t micros = unzigzag64(bits);
      return is_datetime(micros) ? put_datetime(to, micros, last_day_) : nullptr;
    }
    case tag_of(ValueKind::kDouble, WireType::kFixed64): {
      WireReader reader(content);
      if (!reader.fixed64(bits) || !reader.done()) return nullptr;
      const auto number = std::bit_cast<double>(bits);
      return std::isfinite(number) ? put_double(to, number) : nullptr;
    }
    case tag_of(ValueKind::kDate, WireType::kVarint): {
      if (!whole_varint(content, end, bits)) return nullptr;
      const std::int64_t days = unzigzag32(bits);
      return is_date(days) ? put_date(to, days, last_day_) : nullptr;
    }
    case tag_of(ValueKind::kBool, WireType::kVarint):
      if (!whole_varint(content, end, bits)) return nullptr;
      *to = bits != 0 ? '1' : '0';
      return to + 1;
    case tag_of(ValueKind::kNull, WireType::kVarint):
      if (!whole_varint(content, end, bits)) return nullptr;
      *to++ = '\\';
      *to++ = 'N';
      return to;
    default:
      return nullptr;
  }
}

}  // namespace loadstar::ingest
