#include "config/source_line.hpp"

#include "config/suggest.hpp"
#include "core/base/ascii.hpp"

#include <algorithm>
#include <sstream>

namespace loadstar::config {
namespace {

constexpr std::string_view kRedacted = "<redacted>";
/// Shorter secrets would cut innocent words in two; their own lines are cut by key.
constexpr std::size_t kShortestSecret = 4;

bool is_word_byte(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '_' || character == '-';
}

/// `password`, a misspelling of it, or another word that secrets go by; not the file that holds it.
bool is_secret_word(std::string_view word) {
  const std::string lower = to_lower(word);
  if (lower.ends_with("_file")) return false;
  for (const char* part : {"pass", "pwd", "secret", "token", "credential", "authorization"}) {
    if (lower.find(part) != std::string::npos) return true;
  }
  return edit_distance(lower.substr(0, 32), "password") <= 3;
}

/// Where the first key of a secret ends in `line`: behind its colon; npos if there is none.
std::size_t end_of_secret_key(std::string_view line) {
  for (std::size_t at = 0; at < line.size();) {
    if (!is_word_byte(line[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < line.size() && is_word_byte(line[end])) ++end;
    // A key is a word, in quotes or not, with a colon behind it.
    const std::size_t behind = line.find_first_not_of("\"' \t", end);
    const bool is_key = behind != std::string_view::npos && line[behind] == ':';
    if (is_key && is_secret_word(line.substr(at, end - at))) return behind + 1;
    at = end;
  }
  return std::string_view::npos;
}

std::size_t indent_of(std::string_view line) {
  const std::size_t indent = line.find_first_not_of(" \t");
  return indent == std::string_view::npos ? line.size() : indent;
}

bool is_blank(std::string_view line) { return indent_of(line) == line.size(); }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// `user:password@host`, with or without a scheme, without the part before `@`.
std::string without_user_information(std::string_view value) {
  const std::size_t at = value.rfind('@');
  if (at == std::string_view::npos) return std::string(value);
  const std::size_t scheme = value.find("//");
  const std::size_t user = scheme == std::string_view::npos ? 0 : scheme + 2;
  if (user >= at) return std::string(value);
  return std::string(value.substr(0, user)).append(kRedacted).append(value.substr(at));
}

/// The same for each value in a line.
std::string cut_user_information(std::string_view line) {
  constexpr const char* kBetweenValues = " \t\"'[]{},";
  std::string result;
  while (!line.empty()) {
    const std::size_t end = std::min(line.size(), line.find_first_of(kBetweenValues));
    result += without_user_information(line.substr(0, end));
    result += line.substr(end, 1);
    line.remove_prefix(std::min(line.size(), end + 1));
  }
  return result;
}

void collect_texts(const Node& node, std::vector<std::string>& texts) {
  if (node.kind == Node::Kind::kScalar) {
    texts.push_back(node.text);
    texts.push_back(node.written);
  }
  for (const Node& item : node.items) collect_texts(item, texts);
  for (const NodeEntry& entry : node.entries) collect_texts(entry.value, texts);
}

void find_secrets_in(const Node& node, std::vector<std::string>& secrets) {
  for (const Node& item : node.items) find_secrets_in(item, secrets);
  for (const NodeEntry& entry : node.entries) {
    if (is_secret_word(entry.key)) {
      collect_texts(entry.value, secrets);
    } else {
      find_secrets_in(entry.value, secrets);
    }
  }
}

}  // namespace

SourceLines::SourceLines(std::string_view text, std::vector<std::string> secrets)
    : secrets_(std::move(secrets)) {
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines_.push_back(std::move(line));
  }
  // A secret that contains another one goes first, or a piece of it would be left.
  std::sort(
      secrets_.begin(), secrets_.end(),
      [](const std::string& left, const std::string& right) { return left.size() > right.size(); });
}

bool SourceLines::is_below_secret(std::size_t index) const {
  // Lines above that are less indented hold the keys that this line belongs to; the line right
  // above may also have begun a text that goes on here without indentation.
  std::size_t indent = indent_of(lines_[index]);
  bool nearest = true;
  for (std::size_t above = index; above-- > 0;) {
    const std::string& line = lines_[above];
    if (is_blank(line)) continue;
    if (nearest || indent_of(line) < indent) {
      if (end_of_secret_key(line) != std::string::npos) {
        const std::string_view rest = std::string_view(line).substr(end_of_secret_key(line));
        const bool complete = nearest && indent_of(line) >= indent && !is_blank(rest) &&
                              std::count(rest.begin(), rest.end(), '"') % 2 == 0 &&
                              std::count(rest.begin(), rest.end(), '\'') % 2 == 0;
        if (!complete) return true;
      }
      indent = std::min(indent, indent_of(line));
    }
    nearest = false;
    if (indent == 0) break;
  }
  return false;
}

std::string SourceLines::show(Mark mark, bool key_only) const {
  if (mark.line == 0 || mark.line > lines_.size()) return {};
  const std::size_t index = mark.line - 1;
  std::string line = lines_[index];
  if (is_below_secret(index)) return std::string(kRedacted);
  const std::size_t secret = end_of_secret_key(line);
  if (secret != std::string::npos) {
    line.resize(secret);
    line += " ";
    line += kRedacted;
  } else if (key_only) {
    const std::size_t colon = line.find(':', mark.column == 0 ? 0 : mark.column - 1);
    if (colon != std::string::npos) line.resize(colon + 1);
  }
  return shortened(cut_user_information(without_secrets(std::move(line))));
}

std::string SourceLines::without_secrets(std::string text) const {
  for (const std::string& secret : secrets_) {
    if (secret.size() >= kShortestSecret) replace_all(text, secret, kRedacted);
  }
  return text;
}

std::vector<std::string> find_secrets(const Node& document) {
  std::vector<std::string> secrets;
  find_secrets_in(document, secrets);
  return secrets;
}

}  // namespace loadstar::config
