#include "core/ingest/csv_scanner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace loadstar::ingest {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

CsvScan wrong(std::string problem) { return CsvScan{0, std::move(problem)}; }

CsvScan blank_row(std::uint64_t row) {
  return wrong(
      fmt::format("row {} is blank; StarRocks skips blank rows without counting them", row));
}

CsvScan no_last_delimiter() {
  return wrong("does not end with the row delimiter; every row, the last one too, has to");
}

/// True if `text` stands at `offset` of the slice with number `index`; it may go on in the next
/// ones.
bool stands_at(const std::vector<Slice>& slices, std::size_t index, std::size_t offset,
               std::string_view text) {
  while (!text.empty()) {
    if (index == slices.size()) return false;
    const std::string_view here = slices[index].view().substr(offset, text.size());
    if (!text.starts_with(here)) return false;
    text.remove_prefix(here.size());
    ++index;
    offset = 0;
  }
  return true;
}

/// Remembers whether lines end in CR LF where only LF is the delimiter. StarRocks leaves the CR in
/// the last field. One value may end in CR; a payload all of whose rows do was written for CR LF.
class CarriageReturns {
 public:
  explicit CarriageReturns(std::string_view delimiter) : watching_(delimiter == "\n") {}
  void row(char before_delimiter) { watching_ = watching_ && before_delimiter == '\r'; }
  [[nodiscard]] bool everywhere() const { return watching_; }

 private:
  bool watching_;
};

CsvScan carriage_returns() {
  return wrong(
      "has rows that end in CR LF, but the row delimiter is LF; set row_delimiter to \\x0D0A");
}

/// What decides about rows whose delimiter is one byte, counted without looking at each row alone:
/// a gigabyte has ten million of them.
class DelimiterTally {
 public:
  explicit DelimiterTally(char delimiter) : delimiter_(delimiter), before_(delimiter) {}

  void feed(std::string_view bytes) {
    if (bytes.empty()) return;
    look_at(bytes.front(), before_);
    const char* at = bytes.data() + 1;
    const char* const end = bytes.data() + bytes.size();
    while (static_cast<std::size_t>(end - at) >= kLanes) {
      const auto blocks = std::min(static_cast<std::size_t>(end - at) / kLanes, kMaxBlocks);
      // One row without CR answers that question for all, and mostly the first one does.
      if (bare_) {
        look_at_blocks<false>(at, blocks);
      } else {
        look_at_blocks<true>(at, blocks);
      }
      at += blocks * kLanes;
    }
    for (; at != end; ++at) look_at(*at, at[-1]);
    before_ = bytes.back();
  }

  /// Every row has its delimiter, none is blank, and not all end in CR LF.
  [[nodiscard]] bool plain() const {
    return before_ == delimiter_ && !blank_ && (delimiter_ != '\n' || bare_);
  }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }

 private:
  // Compilers of our age make no vectors of a plain loop at -O2, so the lanes are spelt out; a
  // comparison gives -1 in each lane where it holds.
  static constexpr std::size_t kLanes = 16;
  using Lanes [[gnu::vector_size(kLanes)]] = signed char;
  /// Rows are counted in a byte of each lane.
  static constexpr std::size_t kMaxBlocks = 127;

  void look_at(char byte, char before) {
    if (byte != delimiter_) return;
    ++rows_;
    blank_ = blank_ || before == delimiter_;
    bare_ = bare_ || before != '\r';
  }

  /// `at[-1]` is a byte, too. `WatchReturns`: whether rows without CR are looked for.
  template <bool WatchReturns>
  void look_at_blocks(const char* at, std::size_t blocks) {
    const Lanes delimiters = Lanes{} + static_cast<signed char>(delimiter_);
    const Lanes returns = Lanes{} + static_cast<signed char>('\r');
    Lanes rows{};
    Lanes blank{};
    Lanes bare{};
    for (std::size_t block = 0; block < blocks; ++block, at += kLanes) {
      Lanes bytes;
      Lanes before;
      std::memcpy(&bytes, at, kLanes);
      std::memcpy(&before, at - 1, kLanes);
      const Lanes ends = bytes == delimiters;
      rows -= ends;
      blank |= ends & (before == delimiters);
      if constexpr (WatchReturns) bare |= ends & (before != returns);
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      rows_ += static_cast<std::uint64_t>(rows[lane]);
      blank_ = blank_ || blank[lane] != 0;
      bare_ = bare_ || bare[lane] != 0;
    }
  }

  char delimiter_;
  char before_;  ///< a delimiter at first: a row that begins with one is blank
  std::uint64_t rows_ = 0;
  bool blank_ = false;
  bool bare_ = false;  ///< some row does not end in CR before its delimiter
};

/// The plain parser: rows are what lies between delimiters, whatever is in them.
CsvScan scan_rows(const SliceList& data, std::string_view delimiter) {
  const std::vector<Slice>& slices = data.slices();
  CsvScan scan;
  CarriageReturns returns(delimiter);
  std::uint64_t base = 0;       // offset of the slice within the payload
  std::uint64_t row_start = 0;  // likewise, of the row
  std::size_t at = 0;           // within the slice; beyond it after a delimiter that spans slices
  char last_of_slice = '\0';
  for (std::size_t index = 0; index < slices.size();) {
    const std::string_view view = slices[index].view();
    const void* hit = at < view.size()
                          ? std::memchr(view.data() + at, delimiter.front(), view.size() - at)
                          : nullptr;
    if (hit == nullptr) {
      at = at > view.size() ? at - view.size() : 0;
      base += view.size();
      last_of_slice = view.back();
      ++index;
      continue;
    }
    const auto found = static_cast<std::size_t>(static_cast<const char*>(hit) - view.data());
    if (delimiter.size() > 1 && !stands_at(slices, index, found, delimiter)) {
      at = found + 1;
      continue;
    }
    if (base + found == row_start) return blank_row(scan.rows + 1);
    returns.row(found > 0 ? view[found - 1] : last_of_slice);
    ++scan.rows;
    at = found + delimiter.size();
    row_start = base + at;
  }
  if (row_start != data.size()) return no_last_delimiter();
  if (returns.everywhere()) return carriage_returns();
  return scan;
}

/// As scan_rows(), which is needed only to say which row is wrong, and for longer delimiters.
CsvScan scan_plain(const SliceList& data, std::string_view delimiter) {
  if (delimiter.size() == 1) {
    DelimiterTally tally(delimiter.front());
    for (const Slice& slice : data.slices()) tally.feed(slice.view());
    if (tally.plain()) return CsvScan{tally.rows(), {}};
  }
  return scan_rows(data, delimiter);
}

/// The state machine parser, followed field by field.
class EnclosedScan {
 public:
  EnclosedScan(std::string_view text, const CsvDialect& dialect) : text_(text), dialect_(dialect) {}

  CsvScan run() {
    CarriageReturns returns(dialect_.row_delimiter);
    while (at_ < text_.size()) {
      const std::size_t row_start = at_;
      if (!row()) return wrong(std::move(problem_));
      if (at_ == row_start) return blank_row(rows_ + 1);
      returns.row(text_[at_ - 1]);
      at_ += dialect_.row_delimiter.size();
      ++rows_;
    }
    if (returns.everywhere()) return carriage_returns();
    return CsvScan{rows_, {}};
  }

 private:
  [[nodiscard]] bool here(std::string_view what) const {
    return text_.substr(at_).starts_with(what);
  }
  [[nodiscard]] bool at_enclose() const {
    return dialect_.enclose && at_ < text_.size() && text_[at_] == *dialect_.enclose;
  }
  [[nodiscard]] bool at_escape() const {
    return dialect_.escape && at_ < text_.size() && text_[at_] == *dialect_.escape;
  }

  /// Reads up to the delimiter of the row.
  bool row() {
    while (true) {
      skip_blanks();
      if (!(at_enclose() ? enclosed_field() : bare_field())) return false;
      if (here(dialect_.row_delimiter)) return true;
      at_ += dialect_.column_separator.size();
    }
  }

  bool bare_field() {
    while (true) {
      if (at_ >= text_.size()) return fail_end();
      if (here(dialect_.row_delimiter) || here(dialect_.column_separator)) return true;
      if (at_escape()) {
        ++at_;
        at_ += std::max<std::size_t>(special_size(), 1);
      } else {
        at_ += at_enclose() ? 2U
                            : 1U;  // in the middle it is dropped, and the next byte taken literally
      }
    }
  }

  bool enclosed_field() {
    ++at_;
    while (at_ < text_.size()) {
      if (at_escape()) {
        ++at_;
        const std::size_t special = special_size();
        if (special == 0) {
          return fail(
              "has an escape before an ordinary character in an enclosed field; StarRocks "
              "would end the field there");
        }
        at_ += special;
      } else if (at_enclose()) {
        ++at_;
        if (!at_enclose()) return end_enclosed();
        ++at_;
      } else {
        ++at_;
      }
    }
    return fail("has an enclosed field that does not end");
  }

  bool end_enclosed() {
    skip_blanks();
    if (at_ >= text_.size()) return fail_end();
    return here(dialect_.row_delimiter) || here(dialect_.column_separator) ||
           fail("has something between the end of an enclosed field and the next separator");
  }

  /// Length of what an escape makes literal here: an enclose, an escape, a delimiter, a separator.
  [[nodiscard]] std::size_t special_size() const {
    if (at_enclose() || at_escape()) return 1;
    if (here(dialect_.row_delimiter)) return dialect_.row_delimiter.size();
    if (here(dialect_.column_separator)) return dialect_.column_separator.size();
    return 0;
  }

  void skip_blanks() {
    while (dialect_.trim_space && at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  bool fail(std::string_view what) {
    problem_ = fmt::format("row {} {}", rows_ + 1, what);
    return false;
  }
  bool fail_end() {
    problem_ = no_last_delimiter().problem;
    return false;
  }

  std::string_view text_;
  const CsvDialect& dialect_;
  std::size_t at_ = 0;
  std::uint64_t rows_ = 0;
  std::string problem_;
};

}  // namespace

CsvScan scan_csv(const SliceList& data, const CsvDialect& dialect) {
  if (data.empty()) return no_last_delimiter();
  if (stands_at(data.slices(), 0, 0, kByteOrderMark)) {
    return wrong("begins with a byte order mark, which StarRocks would take into the first value");
  }
  if (!dialect.enclose && !dialect.escape) return scan_plain(data, dialect.row_delimiter);
  // The state machine looks ahead; a copy is cheaper than its per-byte work.
  const std::string copy = data.slices().size() > 1 ? data.to_string() : std::string();
  const std::string_view text = data.slices().size() > 1 ? copy : data.slices().front().view();
  return EnclosedScan(text, dialect).run();
}

}  // namespace loadstar::ingest
