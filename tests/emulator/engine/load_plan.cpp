#include "tests/emulator/engine/load_plan.hpp"

#include "tests/emulator/engine/compression.hpp"
#include "tests/emulator/engine/text.hpp"

#include <algorithm>

namespace emulator {

namespace {

constexpr std::size_t kMostErrorLines = 50;
constexpr std::size_t kEnclosedBatch = 1 << 20;

bool holds_struct(const Type& type) {
  return type.kind == Kind::kStruct ||
         std::any_of(type.children.begin(), type.children.end(), holds_struct);
}

}  // namespace

TableLoad::TableLoad(TableSchema table, LoadOptions options, FunctionContext context)
    : table_(std::move(table)),
      options_(std::move(options)),
      mapping_(map_columns(table_, options_)),
      converter_(table_, options_, mapping_, std::move(context)),
      rows_to_skip_(options_.csv.skip_header) {
  if (!options_.compression_error.empty()) fail(options_.compression_error);
  if (options_.json) return;
  for (const SourceColumn& source : mapping_.sources) {
    if (source.target && holds_struct(table_.columns[*source.target].type)) {
      fail("Unsupported CSV type " + type_text(table_.columns[*source.target].type));
    }
  }
}

void TableLoad::fail(std::string message) {
  if (result_.error) return;
  result_ = {};
  result_.error = EngineError{std::move(message), "INTERNAL_ERROR"};
}

void TableLoad::append(std::string_view bytes) {
  has_data_ = has_data_ || !bytes.empty();
  if (result_.error) return;
  pending_ += bytes;
  if (plain_text()) read_csv(false);
}

void TableLoad::end_body() {
  // CSV is one stream over all bodies, packed or not; a JSON body is a document of its own.
  if (!options_.json || result_.error) return;
  const std::string body = std::exchange(pending_, {});
  try {
    read_json(options_.compression == Compression::kNone
                  ? body
                  : decompress(body, options_.compression, false));
  } catch (const CompressionError& error) {
    fail(error.what());
  }
}

void TableLoad::read_csv(bool last) {
  const bool enclosed = options_.csv.enclose || options_.csv.escape;
  // An open quote must not make every small append read everything again.
  if (enclosed && !last && pending_.size() < retry_size_ + kEnclosedBatch) return;
  const auto read = enclosed ? read_enclosed_row : read_plain_row;
  CsvRow row;
  std::size_t at = 0;
  while (const auto used = read(std::string_view(pending_).substr(at), options_.csv, last, row)) {
    at += *used;
    if (rows_to_skip_ > 0) {
      --rows_to_skip_;
    } else if (!row.raw.empty()) {
      take_csv_row(row);
    }
    if (result_.error) break;
  }
  pending_.erase(0, at);
  retry_size_ = enclosed ? pending_.size() : 0;
}

void TableLoad::take_csv_row(const CsvRow& row) {
  if (row.fields.size() != mapping_.sources.size()) {
    return take(
        {RowOutcome::Kind::kFiltered,
         "Target column count: " + std::to_string(mapping_.sources.size()) +
             " doesn't match source value column count: " + std::to_string(row.fields.size()) +
             ". Column separator: '" + printable_separator(options_.csv.column_separator) +
             "', Row delimiter: '" + printable_separator(options_.csv.row_delimiter) + "'"},
        row.raw);
  }
  if (!valid_utf8(row.raw))
    return take({RowOutcome::Kind::kFiltered, "Invalid UTF-8 row"}, row.raw);
  take(converter_.convert(row), row.raw);
}

void TableLoad::take(const RowOutcome& outcome, std::string_view raw) {
  Counters& counters = result_.counters;
  ++counters.total;
  switch (outcome.kind) {
    case RowOutcome::Kind::kLoaded:
      ++counters.loaded;
      rows_.add(converter_.op(), converter_.values(), mapping_.written);
      return;
    case RowOutcome::Kind::kUnselected:
      ++counters.unselected;
      return;
    case RowOutcome::Kind::kFiltered:
      break;
  }
  ++counters.filtered;
  if (result_.error_log.size() < kMostErrorLines) {
    result_.error_log.push_back("Error: " + outcome.reason + ". Row: " + std::string(raw));
  }
  const auto logged = static_cast<std::int64_t>(result_.rejected_records.size());
  if (options_.rejected_records == -1 || logged < options_.rejected_records) {
    result_.rejected_records.push_back(std::string(raw) + "\t" + outcome.reason + "\tStreamLoad");
  }
}

void TableLoad::read_json(const std::string& document) {
  if (!valid_utf8(document)) return fail("parse error. The input is not valid UTF-8");
  JsonReader reader(document);
  try {
    Json value;
    while (!reader.at_end() && !result_.error) {
      const char first = reader.peek();
      if (first != '{' && first != '[')
        return fail("parse error. illegal json started with [" + std::string(1, first) + "]");
      if (!options_.json_root && first == '[' && !options_.strip_outer_array) {
        return fail(
            "parse error. The value is array type in json document stream, you can set "
            "strip_outer_array=true "
            "to parse each element of the array as individual rows");
      }
      if (!options_.json_root && first == '{' && options_.strip_outer_array) {
        return fail(
            "parse error. the value should be array type with strip_outer_array=true, value: " +
            document.substr(reader.position(), 64));
      }
      if (first == '[' && !options_.json_root) {
        // The elements one by one: a large array is not held in memory as a whole.
        reader.accept('[');
        if (!reader.accept(']')) {
          do {
            reader.read(value);
            read_json_record(value);
          } while (!result_.error && reader.accept(','));
          if (!result_.error && !reader.accept(']'))
            return fail("parse error. the array has no end");
        }
        if (!result_.error && !reader.at_end()) return fail("parse error. text after the array");
        return;
      }
      const std::size_t begin = reader.position();
      reader.read(value);
      const Json* root = options_.json_root ? find_json(value, *options_.json_root) : &value;
      if (root == nullptr) return fail("parse error. json_root is not found in the document");
      if (!options_.strip_outer_array) {
        read_json_record(*root);
      } else if (root->kind == Json::Kind::kArray) {
        for (const Json& item : root->items) read_json_record(item);
      } else {
        return fail(
            "parse error. the value should be array type with strip_outer_array=true, value: " +
            document.substr(begin, 64));
      }
    }
  } catch (const JsonError& error) {
    fail(std::string("parse error. ") + error.what());
  }
}

void TableLoad::read_json_record(const Json& record) {
  if (result_.error) return;
  if (record.kind != Json::Kind::kObject) {
    const bool array = record.kind == Json::Kind::kArray;
    return fail(array
                    ? "parse error. The value is array type in json document stream, you can set "
                      "strip_outer_array=true to parse each element of the array as individual rows"
                    : "parse error. the value should be object type, value: " +
                          json_minified(record).substr(0, 64));
  }
  const RowOutcome outcome = converter_.convert(record);
  take(outcome,
       outcome.kind == RowOutcome::Kind::kFiltered ? json_minified(record) : std::string{});
}

LoadResult TableLoad::finish() {
  if (!result_.error && options_.json && !pending_.empty()) end_body();
  if (!result_.error && !options_.json) {
    try {
      if (!plain_text() && !pending_.empty())
        pending_ = decompress(pending_, options_.compression, true);
      read_csv(true);
    } catch (const CompressionError& error) {
      fail(error.what());
    }
  }
  const Counters& counters = result_.counters;
  const auto considered = static_cast<double>(counters.total - counters.unselected);
  if (!result_.error &&
      static_cast<double>(counters.filtered) > options_.max_filter_ratio * considered) {
    result_.error = EngineError{"too many filtered rows", "INTERNAL_ERROR"};
  }
  return result_;
}

}  // namespace emulator
