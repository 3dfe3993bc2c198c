// Functions on texts, bytes and JSON.
#include "tests/emulator/engine/convert.hpp"
#include "tests/emulator/engine/functions.hpp"
#include "tests/emulator/engine/json_path.hpp"
#include "tests/emulator/engine/text.hpp"

#include <algorithm>

namespace emulator {

namespace {

std::size_t character_bytes(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0xF0) return 4;
  if (byte >= 0xE0) return 3;
  return byte >= 0xC0 ? 2 : 1;
}

/// Byte offsets of the characters of a text, and its end.
std::vector<std::size_t> character_offsets(const std::string& text) {
  std::vector<std::size_t> offsets;
  std::size_t at = 0;
  while (at < text.size()) {
    offsets.push_back(at);
    at += character_bytes(text[at]);
  }
  offsets.push_back(text.size());
  return offsets;
}

/// `count` characters from `start`, which counts from 1, from the end if negative.
std::string slice(const std::string& text, std::int64_t start, std::int64_t count) {
  const auto offsets = character_offsets(text);
  const auto characters = static_cast<std::int64_t>(offsets.size()) - 1;
  if (start < 0) start += characters + 1;
  if (start <= 0 || start > characters || count <= 0) return {};
  const std::int64_t end = std::min(characters, start - 1 + std::min(count, characters));
  const std::size_t from = offsets[static_cast<std::size_t>(start - 1)];
  return text.substr(from, offsets[static_cast<std::size_t>(end)] - from);
}

Value concat(const FunctionCall& call) {
  std::string out;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) out += call.text(i);
  return out;
}

Value concat_ws(const FunctionCall& call) {
  if (is_null(call.arguments[0])) return {};
  std::string out;
  bool first = true;
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    if (is_null(call.arguments[i])) continue;
    if (!first) out += call.text(0);
    out += call.text(i);
    first = false;
  }
  return out;
}

Value substr(const FunctionCall& call) {
  const auto start = call.integer(1);
  const auto count =
      call.arguments.size() == 3 ? call.integer(2) : std::optional<std::int64_t>(kMaxVarcharLength);
  if (!start || !count) return {};
  return slice(call.text(0), *start, *count);
}

Value left(const FunctionCall& call) {
  const auto count = call.integer(1);
  return count ? Value{slice(call.text(0), 1, *count)} : Value{};
}

Value right(const FunctionCall& call) {
  const auto count = call.integer(1);
  if (!count) return {};
  const std::string text = call.text(0);
  const auto characters = static_cast<std::int64_t>(character_offsets(text).size()) - 1;
  return slice(text, std::max<std::int64_t>(1, characters - *count + 1), *count);
}

Value upper(const FunctionCall& call) { return to_upper(call.text(0)); }
Value lower(const FunctionCall& call) { return to_lower(call.text(0)); }
Value trim(const FunctionCall& call) { return std::string(trim_blanks(call.text(0))); }

Value left_trim(const FunctionCall& call) {
  std::string text = call.text(0);
  return text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
}

Value right_trim(const FunctionCall& call) {
  std::string text = call.text(0);
  return text.erase(text.find_last_not_of(' ') + 1);
}

Value length(const FunctionCall& call) { return static_cast<std::int64_t>(call.text(0).size()); }

Value characters(const FunctionCall& call) {
  return static_cast<std::int64_t>(character_offsets(call.text(0)).size()) - 1;
}

Value replace(const FunctionCall& call) {
  const std::string text = call.text(0);
  const std::string from = call.text(1);
  const std::string to = call.text(2);
  if (from.empty()) return text;
  std::string out;
  std::size_t at = 0;
  for (std::size_t hit = text.find(from); hit != std::string::npos; hit = text.find(from, at)) {
    out.append(text, at, hit - at).append(to);
    at = hit + from.size();
  }
  return out.append(text, at);
}

Value reverse(const FunctionCall& call) {
  const std::string text = call.text(0);
  const auto offsets = character_offsets(text);
  std::string out;
  for (std::size_t i = offsets.size() - 1; i > 0; --i)
    out.append(text, offsets[i - 1], offsets[i] - offsets[i - 1]);
  return out;
}

Value split_part(const FunctionCall& call) {
  const std::string text = call.text(0);
  const std::string separator = call.text(1);
  const auto wanted = call.integer(2);
  if (!wanted || *wanted < 1 || separator.empty()) return {};
  std::size_t at = 0;
  for (std::int64_t part = 1;; ++part) {
    const std::size_t hit = text.find(separator, at);
    if (part == *wanted) return text.substr(at, hit == std::string::npos ? hit : hit - at);
    if (hit == std::string::npos) return {};
    at = hit + separator.size();
  }
}

Value or_null(std::optional<std::string> text) { return text ? Value{std::move(*text)} : Value{}; }

Value from_base64(const FunctionCall& call) { return or_null(base64_decode(call.text(0))); }
Value to_base64(const FunctionCall& call) { return base64_encode(call.text(0)); }
Value unhex(const FunctionCall& call) { return hex_decode(call.text(0)).value_or(""); }

Value hex(const FunctionCall& call) {
  const auto* number = std::get_if<std::int64_t>(&call.arguments[0]);
  if (number == nullptr) return hex_encode(call.text(0));
  std::string bytes;
  auto bits = static_cast<std::uint64_t>(*number);
  do {
    bytes.insert(bytes.begin(), static_cast<char>(bits & 0xFF));
    bits >>= 8;
  } while (bits != 0);
  const std::string digits = hex_encode(bytes);
  return digits.size() > 1 && digits[0] == '0' ? digits.substr(1) : digits;
}

Value to_binary(const FunctionCall& call) {
  const std::string how = call.arguments.size() == 2 ? to_lower(call.text(1)) : "hex";
  if (how == "utf8") return call.text(0);
  return or_null(how == "encode64" ? base64_decode(call.text(0)) : hex_decode(call.text(0)));
}

Value parse_json_function(const FunctionCall& call) {
  try {
    return json_canonical(parse_json(call.text(0)));
  } catch (const JsonError&) {
    return {};
  }
}

/// The element that a path finds in a JSON text; unset if there is none.
std::optional<Json> query_json(const FunctionCall& call) {
  const auto path = parse_json_path(call.text(1));
  if (!path) return std::nullopt;
  try {
    const Json document = parse_json(call.text(0));
    const Json* found = find_json(document, *path);
    if (found == nullptr || found->kind == Json::Kind::kNull) return std::nullopt;
    return *found;
  } catch (const JsonError&) {
    return std::nullopt;
  }
}

Value json_query(const FunctionCall& call) {
  const auto found = query_json(call);
  return found ? Value{json_canonical(*found)} : Value{};
}

/// get_json_string, get_json_int, get_json_double: the element as the result's type.
Value get_json(const FunctionCall& call) {
  const auto found = query_json(call);
  return found ? from_json(*found, call.result).value_or(Value{}) : Value{};
}

}  // namespace

std::vector<FunctionInfo> text_functions() {
  constexpr auto kText = returns<Kind::kVarchar>;
  constexpr auto kBigInt = returns<Kind::kBigInt>;
  constexpr auto kJson = returns<Kind::kJson>;
  return {
      {"concat", 1, 100, kText, concat},
      {"concat_ws", 2, 100, kText, concat_ws, false},
      {"substr", 2, 3, kText, substr},
      {"substring", 2, 3, kText, substr},
      {"left", 2, 2, kText, left},
      {"strleft", 2, 2, kText, left},
      {"right", 2, 2, kText, right},
      {"strright", 2, 2, kText, right},
      {"upper", 1, 1, kText, upper},
      {"ucase", 1, 1, kText, upper},
      {"lower", 1, 1, kText, lower},
      {"lcase", 1, 1, kText, lower},
      {"trim", 1, 1, kText, trim},
      {"ltrim", 1, 1, kText, left_trim},
      {"rtrim", 1, 1, kText, right_trim},
      {"length", 1, 1, kBigInt, length},
      {"char_length", 1, 1, kBigInt, characters},
      {"character_length", 1, 1, kBigInt, characters},
      {"replace", 3, 3, kText, replace},
      {"reverse", 1, 1, kText, reverse},
      {"split_part", 3, 3, kText, split_part},
      {"from_base64", 1, 1, kText, from_base64},
      {"base64_decode_string", 1, 1, kText, from_base64},
      {"base64_decode_binary", 1, 1, returns<Kind::kVarbinary>, from_base64},
      {"to_base64", 1, 1, kText, to_base64},
      {"hex", 1, 1, kText, hex},
      {"unhex", 1, 1, kText, unhex},
      {"to_binary", 1, 2, returns<Kind::kVarbinary>, to_binary},
      {"parse_json", 1, 1, kJson, parse_json_function},
      {"json_query", 2, 2, kJson, json_query},
      {"get_json_string", 2, 2, kText, get_json},
      {"get_json_int", 2, 2, kBigInt, get_json},
      {"get_json_double", 2, 2, returns<Kind::kDouble>, get_json},
  };
}

}  // namespace emulator
