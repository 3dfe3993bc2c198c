#include "config/schema.hpp"

#include "config/scalar.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace loadstar::config {
namespace {

std::string format_number(Kind kind, double number) {
  const auto whole = static_cast<std::uint64_t>(number);
  switch (kind) {
    case Kind::kDuration:
      return format_duration(std::chrono::milliseconds(whole));
    case Kind::kSize:
      return format_size(Bytes{whole});
    case Kind::kPercent:
      return fmt::format("{}%", whole);
    case Kind::kDecimal:
      return format_decimal(number);
    default:
      return fmt::format("{}", whole);
  }
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kText:
      return "text";
    case Kind::kSecret:
      return "secret";
    case Kind::kPath:
      return "path";
    case Kind::kTimeZone:
      return "time zone";
    case Kind::kBool:
      return "boolean";
    case Kind::kInteger:
      return "integer";
    case Kind::kDecimal:
      return "decimal";
    case Kind::kPercent:
      return "percentage";
    case Kind::kSize:
      return "size";
    case Kind::kDuration:
      return "duration";
    case Kind::kChoice:
      return "word";
    case Kind::kListenAddress:
      return "address";
    case Kind::kLoadUrl:
      return "URL";
    case Kind::kHostPort:
      return "host:port";
    case Kind::kAllowPattern:
      return "host pattern";
    case Kind::kProperty:
      return "property";
  }
  return {};
}

/// Words that other readers of YAML take for something else than text.
bool is_reserved_word(std::string_view text) {
  constexpr std::string_view kWords[] = {"true", "false", "null", "yes", "no", "on", "off", "~"};
  return std::any_of(std::begin(kWords), std::end(kWords), [text](std::string_view word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                      [](char left, char right) {
                        return (left >= 'A' && left <= 'Z' ? left - 'A' + 'a' : left) == right;
                      });
  });
}

}  // namespace

std::string format_range(const Description& about) {
  if (!about.range) return {};
  return fmt::format("{}..{}", format_number(about.kind, about.range->min),
                     format_number(about.kind, about.range->max));
}

std::string describe_type(const Description& about) {
  switch (about.shape) {
    case Shape::kScalar:
      break;
    case Shape::kList:
      return fmt::format("list of {}{}", kind_name(about.kind),
                         about.kind == Kind::kListenAddress ? "es" : "s");
    case Shape::kMap:
      return about.kind == Kind::kProperty ? "map of properties" : "map of host:port to host:port";
    case Shape::kTables:
      return "map of DATABASE.TABLE to table options";
  }
  std::string type = about.kind == Kind::kChoice
                         ? fmt::format("{}", fmt::join(about.choices, " \\| "))
                         : std::string(kind_name(about.kind));
  if (about.auto_allowed) type += " or auto";
  return type;
}

std::string yaml_text(std::string_view text) {
  const auto plain_byte = [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_' || character == '-' ||
           character == '.' || character == '/' || character == '+';
  };
  const auto letter_or_slash = [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           character == '/' || character == '_';
  };
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), plain_byte) &&
                     letter_or_slash(text.front()) && !is_reserved_word(text);
  if (plain) return std::string(text);
  std::string result = "\"";
  for (std::size_t index = 0; index < text.size(); ++index) {
    const char character = text[index];
    const auto byte = static_cast<unsigned char>(character);
    if (text.substr(index).starts_with("${")) {
      result += "$$";
    } else if (character == '"' || character == '\\') {
      result += '\\';
      result += character;
    } else if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02X}", byte);
    } else {
      result += character;
    }
  }
  return result + "\"";
}

}  // namespace loadstar::config
