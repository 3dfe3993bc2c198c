#include "tests/emulator/engine/load_options.hpp"

#include "tests/emulator/engine/temporal.hpp"
#include "tests/emulator/engine/text.hpp"

#include <charconv>
#include <cstdlib>
#include <map>

namespace emulator {

void refuse_header(std::string message) {
  throw LoadRefused{{std::move(message), "INVALID_ARGUMENT"}};
}

void refuse_plan(std::string message) { throw LoadRefused{{std::move(message), "ANALYSIS_ERROR"}}; }

namespace {

/// Headers by name; an empty value is the same as none.
class Reader {
 public:
  explicit Reader(const Headers& headers) : headers_(headers) {}

  [[nodiscard]] std::string text(const char* name) const {
    const auto found = headers_.find(name);
    return found == headers_.end() ? std::string{} : found->second;
  }

  [[nodiscard]] bool boolean(const char* name, const char* complaint) const {
    const std::string value = text(name);
    if (value.empty() || equal_ignore_case(value, "false")) return false;
    if (!equal_ignore_case(value, "true")) refuse_header(complaint);
    return true;
  }

  [[nodiscard]] std::int64_t number(const char* name, std::int64_t otherwise, std::int64_t least,
                                    const char* too_small, const char* complaint) const {
    const std::string value = text(name);
    if (value.empty()) return otherwise;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size()) refuse_header(complaint);
    if (number < least) refuse_header(too_small);
    return number;
  }

 private:
  const Headers& headers_;
};

void read_format(const Reader& reader, LoadOptions& options) {
  static const std::map<std::string, Compression> kPackedCsv = {{"GZIP", Compression::kGzip},
                                                                {"BZIP2", Compression::kBzip2},
                                                                {"LZ4", Compression::kLz4Frame},
                                                                {"DEFLATE", Compression::kDeflate},
                                                                {"ZSTD", Compression::kZstd}};
  const std::string format = to_upper(reader.text("format"));
  if (format.empty() || format == "CSV") return;
  if (format == "JSON") {
    options.json = true;
  } else if (const auto packed = kPackedCsv.find(format); packed != kPackedCsv.end()) {
    options.compression = packed->second;
  } else {
    throw LoadRefused{{"unknown data format, format=" + reader.text("format"), "INTERNAL_ERROR"}};
  }
}

void read_compression(const Reader& reader, LoadOptions& options) {
  // The numbers are those of StarRocks' CompressionTypePB, which its messages show.
  static const std::map<std::string, std::pair<Compression, std::string>> kNames = {
      {"NO_COMPRESSION", {Compression::kNone, ""}},
      {"AUTO", {Compression::kUnsupported, "Unsupported compression algorithm: 13"}},
      {"LZ4", {Compression::kUnsupported, "Unknown compress type: 4"}},
      {"LZ4_FRAME", {Compression::kLz4Frame, ""}},
      {"SNAPPY", {Compression::kSnappy, ""}},
      {"ZLIB", {Compression::kUnsupported, "Unknown compress type: 6"}},
      {"ZSTD", {Compression::kZstd, ""}},
      {"GZIP", {Compression::kGzip, ""}},
      {"DEFLATE", {Compression::kDeflate, ""}},
      {"BZIP2", {Compression::kBzip2, ""}}};
  const std::string compression = reader.text("compression");
  const std::string encoding = reader.text("content-encoding");
  if (!compression.empty() && !encoding.empty()) {
    refuse_header("Only one of http header content-encoding and compression can be set");
  }
  const std::string name = compression.empty() ? encoding : compression;
  if (name.empty()) return;
  const auto found = kNames.find(to_upper(name));
  if (found == kNames.end()) refuse_header("Unsupported compression type: " + name);
  // CSV is read as it comes, whatever these headers say.
  if (options.json) std::tie(options.compression, options.compression_error) = found->second;
}

std::string read_separator(const Reader& reader, const char* name, const char* word,
                           std::string otherwise) {
  const std::string value = reader.text(name);
  if (value.empty()) return otherwise;
  std::string bytes = decode_separator(value);
  if (bytes.empty() || bytes.size() > 50) {
    refuse_plan("The valid bytes length for '" + std::string(word) + "' is [1, 50]");
  }
  return bytes;
}

std::vector<std::string> split_names(const std::string& list) {
  std::vector<std::string> names;
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (const auto name = trim_white(rest.substr(0, comma)); !name.empty())
      names.emplace_back(name);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return names;
}

void read_csv(const Reader& reader, bool transaction, CsvOptions& csv) {
  csv.column_separator = read_separator(reader, "column_separator", "column separator", "\t");
  csv.row_delimiter = read_separator(reader, "row_delimiter", "row delimiter", "\n");
  // The transaction interface does not hand these on (5.5).
  if (transaction) return;
  csv.skip_header =
      reader.number("skip_header", 0, 0, "skip_header must be equal or greater than 0",
                    "Invalid csv load skip_header format");
  csv.trim_space = reader.boolean("trim_space", "Invalid trim space format. Must be bool type");
  if (const std::string enclose = reader.text("enclose"); !enclose.empty())
    csv.enclose = enclose[0];
  if (const std::string escape = reader.text("escape"); !escape.empty()) csv.escape = escape[0];
}

void read_json(const Reader& reader, LoadOptions& options) {
  options.strip_outer_array = equal_ignore_case(reader.text("strip_outer_array"), "true");
  if (const std::string root = reader.text("json_root"); !root.empty()) {
    options.json_root = parse_json_path(root);
    if (!options.json_root) refuse_header("Invalid json path: " + root);
  }
  const std::string paths = reader.text("jsonpaths");
  if (paths.empty()) return;
  try {
    const Json list = parse_json(paths);
    if (list.kind != Json::Kind::kArray) refuse_header("Invalid json path: " + paths);
    for (const Json& item : list.items) {
      const auto path =
          item.kind == Json::Kind::kString ? parse_json_path(item.text) : std::nullopt;
      if (!path) refuse_header("Invalid json path: " + json_minified(item));
      options.jsonpaths.push_back(*path);
    }
  } catch (const JsonError&) {
    refuse_header("Invalid json path: " + paths);
  }
}

}  // namespace

std::string decode_separator(const std::string& value) {
  if (value.empty()) refuse_plan("Delimiter cannot be empty or null");
  const std::string prefix = to_upper(value.substr(0, 2));
  std::string out;
  if (prefix == "\\X" || prefix == "0X") {
    const std::string digits = value.substr(2);
    if (digits.empty()) refuse_plan("Invalid delimiter '" + value + ": empty hex string");
    if (digits.size() % 2 != 0) {
      refuse_plan("Invalid delimiter '" + value + ": hex length must be a even number");
    }
    const auto bytes = hex_decode(digits);
    if (!bytes) refuse_plan("Invalid delimiter '" + value + "': invalid hex format");
    for (const char byte : *bytes) {
      const auto code = static_cast<unsigned char>(byte);
      if (code < 0x80) {
        out += byte;
      } else {
        // A sign-extended Java char U+FF80..U+FFFF in UTF-8: the leader's slip, kept (11.2).
        out += '\xEF';
        out += static_cast<char>(0xBC | ((code >> 6) & 0x03));
        out += static_cast<char>(0x80 | (code & 0x3F));
      }
    }
    return out;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string_view pair = std::string_view(value).substr(i, 2);
    if (pair == "\\t" || pair == "\\n") {
      out += pair == "\\t" ? '\t' : '\n';
      ++i;
    } else {
      out += value[i];
    }
  }
  return out;
}

LoadOptions read_load_options(const Headers& headers, bool transaction) {
  const Reader reader(headers);
  LoadOptions options;
  read_format(reader, options);
  options.columns = reader.text("columns");
  options.where = reader.text("where");
  read_csv(reader, transaction, options.csv);
  const std::string partitions = reader.text("partitions");
  const std::string temporary = reader.text("temporary_partitions");
  if (!partitions.empty() && !temporary.empty()) {
    refuse_header("Can not specify both partitions and temporary partitions");
  }
  options.partitions = split_names(partitions.empty() ? temporary : partitions);
  options.negative = reader.text("negative") == "true";
  options.max_filter_ratio = std::strtod(reader.text("max_filter_ratio").c_str(), nullptr);
  options.strict_mode =
      reader.boolean("strict_mode", "Invalid strict mode format. Must be bool type");
  if (const std::string zone = reader.text("timezone"); !zone.empty()) {
    if (!zone_offset(zone, 0)) refuse_plan("Unknown or incorrect time zone: '" + zone + "'");
    options.zone = zone;
  }
  (void)reader.number("load_mem_limit", 0, 0, "load_mem_limit must be equal or greater than 0",
                      "Invalid load mem limit format");
  (void)reader.number("exec_mem_limit", 1, 1, "exec_mem_limit must be greater than 0",
                      "Invalid exec_mem_limit format");
  (void)reader.number("load_dop", 0, INT64_MIN, "", "Invalid load_dop format");
  read_json(reader, options);
  options.partial_update =
      transaction ? reader.text("partial_update") == "true"
                  : reader.boolean("partial_update",
                                   "Invalid partial update flag format. Must be bool type");
  if (const std::string mode = reader.text("partial_update_mode");
      mode == "auto" || mode == "column") {
    options.partial_update_mode = mode;
  }
  options.merge_condition = reader.text("merge_condition");
  if (!transaction) {
    options.rejected_records =
        reader.number("log_rejected_record_num", 0, -1,
                      "log_rejected_record_num must be equal or greater than -1",
                      "Invalid log_rejected_record_num format");
  }
  read_compression(reader, options);
  return options;
}

}  // namespace emulator
