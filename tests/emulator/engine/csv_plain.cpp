#include "tests/emulator/engine/csv.hpp"
#include "tests/emulator/engine/text.hpp"

#include <fmt/format.h>

namespace emulator {

std::optional<std::size_t> read_plain_row(std::string_view buffer, const CsvOptions& options,
                                          bool last, CsvRow& row) {
  const std::size_t end = buffer.find(options.row_delimiter);
  if (end == std::string_view::npos && (!last || buffer.empty())) return std::nullopt;
  row.raw = buffer.substr(0, end);
  row.fields.clear();
  const std::string_view separator = options.column_separator;
  std::size_t at = 0;
  while (true) {
    const std::size_t hit = row.raw.find(separator, at);
    const std::string_view field =
        row.raw.substr(at, hit == std::string_view::npos ? hit : hit - at);
    row.fields.push_back(options.trim_space ? trim_blanks(field) : field);
    if (hit == std::string_view::npos) break;
    at = hit + separator.size();
  }
  return end == std::string_view::npos ? buffer.size() : end + options.row_delimiter.size();
}

std::string printable_separator(std::string_view separator) {
  std::string out;
  for (const char c : separator) {
    if (c == '\t') {
      out += "\\t";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace emulator
