#include "tests/emulator/engine/rows.hpp"

#include <cstring>

namespace emulator {

namespace {

constexpr std::size_t kChunkBytes = 1 << 20;

template <class T>
void write(std::string& out, const T& value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(out.data() + at, &value, sizeof(T));
}

}  // namespace

void write_value(std::string& out, const Value& value) {
  // A byte that says which member of Value follows, then the member.
  out += static_cast<char>(value.index());
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    write(out, *number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    write(out, *real);
  } else if (const auto* wide = std::get_if<Int128>(&value)) {
    write(out, *wide);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    write(out, static_cast<std::uint32_t>(text->size()));
    out += *text;
  }
}

void RowBuffer::add(RowOp op, const Values& row, const std::vector<std::size_t>& columns) {
  if (chunks_.empty() || chunks_.back().size() >= kChunkBytes) {
    chunks_.emplace_back();
  }
  std::string& chunk = chunks_.back();
  chunk += static_cast<char>(op);
  for (const std::size_t column : columns) write_value(chunk, row[column]);
}

template <class T>
T RowReader::read() {
  T value{};
  std::memcpy(&value, rest_.data(), sizeof(T));
  rest_.remove_prefix(sizeof(T));
  return value;
}

bool RowReader::next(RowOp& op, Values& row) {
  if (rest_.empty()) return false;
  op = static_cast<RowOp>(read<char>());
  for (Value& value : row) {
    switch (read<char>()) {
      case 1:
        value = read<std::int64_t>();
        break;
      case 2:
        value = read<double>();
        break;
      case 3:
        value = read<Int128>();
        break;
      case 4: {
        const auto size = read<std::uint32_t>();
        value = std::string(rest_.substr(0, size));
        rest_.remove_prefix(size);
        break;
      }
      default:
        value = {};
    }
  }
  return true;
}

}  // namespace emulator
