#include "config/interpolate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace loadstar::config {
namespace {

constexpr std::size_t kMaxValueFile = 64U << 10U;

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           character == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&is_letter](char character) {
           return is_letter(character) || (character >= '0' && character <= '9');
         });
}

/// `inside` is the text between `${env:` and `}`.
Parsed<std::string> environment_value(std::string_view inside, const Surroundings& surroundings) {
  using Answer = Parsed<std::string>;
  const std::size_t separator = inside.find(":-");
  const std::string name(inside.substr(0, separator));
  if (!is_variable_name(name)) {
    return Answer::refused("`${env:` needs the name of a variable: letters, digits and `_`");
  }
  auto value = surroundings.environment(name);
  if (separator != std::string_view::npos) {
    if (!value || value->empty()) return std::string(inside.substr(separator + 2));
    return *value;
  }
  if (!value) {
    return Answer::refused(
        fmt::format("the environment variable {} is not set; set it or give a default: "
                    "${{env:{}:-default}}",
                    name, name));
  }
  return *value;
}

Parsed<std::string> file_value(const std::string& path) {
  auto content = read_small_file(path, kMaxValueFile);
  if (!content.ok()) {
    return Parsed<std::string>::refused(
        fmt::format("the file {} {}", quote(path), content.error()));
  }
  std::string text = content.value();
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

Parsed<std::string> value_of(std::string_view inside, const Surroundings& surroundings) {
  using Answer = Parsed<std::string>;
  if (inside.find("${") != std::string_view::npos) {
    return Answer::refused("`${` inside `${...}` is not supported");
  }
  if (inside.starts_with("env:")) return environment_value(inside.substr(4), surroundings);
  if (inside.starts_with("file:")) return file_value(std::string(inside.substr(5)));
  return Answer::refused(
      "`${` begins ${env:NAME}, ${env:NAME:-default} or ${file:/path}; write `$${` for the text "
      "`${`");
}

Parsed<std::string> expand(std::string_view text, const Surroundings& surroundings) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("$${")) {
      result += "${";
      at += 3;
    } else if (text.substr(at).starts_with("${")) {
      const std::size_t end = text.find('}', at);
      if (end == std::string_view::npos) {
        return Parsed<std::string>::refused("`${` has no `}`; write `$${` for the text `${`");
      }
      const auto value = value_of(text.substr(at + 2, end - at - 2), surroundings);
      if (!value.ok()) return value;
      result += value.value();
      at = end + 1;
    } else {
      result += text[at++];
    }
  }
  return result;
}

void interpolate_at(Node& node, const std::string& path, const Surroundings& surroundings,
                    std::vector<Problem>& problems) {
  for (std::size_t index = 0; index < node.items.size(); ++index) {
    interpolate_at(node.items[index], fmt::format("{}[{}]", path, index), surroundings, problems);
  }
  for (NodeEntry& entry : node.entries) {
    interpolate_at(entry.value, join_key(path, entry.key), surroundings, problems);
  }
  if (node.kind != Node::Kind::kScalar || node.text.find("${") == std::string::npos) return;
  const auto value = expand(node.text, surroundings);
  if (value.ok()) {
    node.text = value.value();
    node.interpolated = true;
  } else {
    problems.push_back({Severity::kError, {}, node.mark, path, value.error(), {}});
    node.broken = true;
  }
}

}  // namespace

void interpolate(Node& node, const Surroundings& surroundings, std::vector<Problem>& problems) {
  interpolate_at(node, {}, surroundings, problems);
}

}  // namespace loadstar::config
