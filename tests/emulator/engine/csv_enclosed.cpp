#include "tests/emulator/engine/csv.hpp"

namespace emulator {

namespace {

/// The state machine for one row. A field is built byte by byte, because what stands in the text
/// and what it means differ.
class Machine {
 public:
  Machine(std::string_view buffer, const CsvOptions& options, std::vector<std::string>& fields)
      : buffer_(buffer), options_(options), fields_(fields) {}

  /// Reads to the end of the row; false if the buffer ends before it.
  bool read() {
    start_field();
    while (at_ < buffer_.size()) {
      if (enclosed_) {
        step_enclosed();
      } else if (at(options_.row_delimiter)) {
        row_end_ = at_;
        at_ += options_.row_delimiter.size();
        return true;
      } else {
        step_plain();
      }
    }
    row_end_ = at_;
    return false;
  }

  [[nodiscard]] std::size_t row_end() const { return row_end_; }
  [[nodiscard]] std::size_t used() const { return at_; }

 private:
  [[nodiscard]] bool at(std::string_view text) const {
    return buffer_.substr(at_, text.size()) == text;
  }
  [[nodiscard]] bool at_byte(const std::optional<char>& byte) const {
    return byte && at_ < buffer_.size() && buffer_[at_] == *byte;
  }

  void start_field() {
    fields_.emplace_back();
    if (options_.trim_space) skip_blanks();
    if (at_byte(options_.enclose)) {
      enclosed_ = true;
      ++at_;
    }
  }

  void skip_blanks() {
    while (at_ < buffer_.size() && buffer_[at_] == ' ') ++at_;
  }

  void take_byte() {
    if (at_ < buffer_.size()) fields_.back() += buffer_[at_++];
  }

  /// Takes one of the four texts that an escape makes literal; false if something else comes next.
  bool take_special() {
    if (at_byte(options_.enclose) || at_byte(options_.escape)) {
      take_byte();
      return true;
    }
    for (const std::string& special : {options_.row_delimiter, options_.column_separator}) {
      if (at(special)) {
        fields_.back() += special;
        at_ += special.size();
        return true;
      }
    }
    return false;
  }

  void step_enclosed() {
    if (at_byte(options_.enclose)) {
      ++at_;
      if (at_byte(options_.enclose)) {
        take_byte();
      } else {
        close();
      }
    } else if (at_byte(options_.escape)) {
      ++at_;
      if (!take_special()) {
        // StarRocks leaves the enclosed state here; the next separator splits the field.
        enclosed_ = false;
        take_byte();
      }
    } else {
      take_byte();
    }
  }

  /// After a closing enclose byte: a separator, a delimiter or the end must follow; any other byte
  /// is taken literally, as after an enclose byte in the middle of a plain field.
  void close() {
    enclosed_ = false;
    if (options_.trim_space) skip_blanks();
    if (at_ < buffer_.size() && !at(options_.row_delimiter) && !at(options_.column_separator))
      take_byte();
  }

  void step_plain() {
    if (at(options_.column_separator)) {
      at_ += options_.column_separator.size();
      start_field();
    } else if (at_byte(options_.escape)) {
      ++at_;
      if (!take_special()) take_byte();
    } else if (at_byte(options_.enclose)) {
      ++at_;
      take_byte();
    } else {
      take_byte();
    }
  }

  std::string_view buffer_;
  const CsvOptions& options_;
  std::vector<std::string>& fields_;
  std::size_t at_ = 0;
  std::size_t row_end_ = 0;
  bool enclosed_ = false;
};

}  // namespace

std::optional<std::size_t> read_enclosed_row(std::string_view buffer, const CsvOptions& options,
                                             bool last, CsvRow& row) {
  if (buffer.empty()) return std::nullopt;
  row.unquoted.clear();
  Machine machine(buffer, options, row.unquoted);
  if (!machine.read() && !last) return std::nullopt;
  row.raw = buffer.substr(0, machine.row_end());
  row.fields.assign(row.unquoted.begin(), row.unquoted.end());
  return machine.used();
}

}  // namespace emulator
