#include "config/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace loadstar::config {
namespace {

/// Blanks under `source` up to `column`: tabs stay tabs and a UTF-8 character counts once, so that
/// the caret stands where the reader sees the place.
std::string indent_to(std::string_view source, unsigned column) {
  std::string indent;
  for (std::size_t index = 0; index + 1 < column && index < source.size(); ++index) {
    const auto byte = static_cast<unsigned char>(source[index]);
    if (byte == '\t') {
      indent += '\t';
    } else if ((byte & 0xC0U) != 0x80U) {
      indent += ' ';
    }
  }
  return indent;
}

}  // namespace

void sort_problems(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& left, const Problem& right) {
    return std::tie(left.mark.line, left.mark.column) <
           std::tie(right.mark.line, right.mark.column);
  });
}

bool has_errors(const std::vector<Problem>& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.severity == Severity::kError; });
}

std::string render_problems(const std::vector<Problem>& problems) {
  std::string text;
  std::size_t errors = 0;
  for (const Problem& problem : problems) {
    const bool error = problem.severity == Severity::kError;
    errors += error ? 1 : 0;
    text += problem.file.empty() ? "configuration" : problem.file;
    if (problem.mark.line != 0)
      text += fmt::format(":{}:{}", problem.mark.line, problem.mark.column);
    text += error ? ": error: " : ": warning: ";
    if (!problem.key.empty()) text += problem.key + ": ";
    text += problem.message + "\n";
    if (problem.mark.line == 0 || problem.source.empty()) continue;
    text += fmt::format("{:>5} | {}\n", problem.mark.line, problem.source);
    // A place behind what was cut out of the line has no caret.
    if (problem.mark.column <= problem.source.size() + 1) {
      text += fmt::format("      | {}^\n", indent_to(problem.source, problem.mark.column));
    }
  }
  if (!problems.empty()) {
    const std::size_t warnings = problems.size() - errors;
    text += fmt::format("{} error{}, {} warning{}\n", errors, errors == 1 ? "" : "s", warnings,
                        warnings == 1 ? "" : "s");
  }
  return text;
}

std::string quote(std::string_view value) {
  constexpr std::size_t kLongest = 64;
  std::string text = "`";
  for (const char character : value.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7F) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += character;
    }
  }
  if (value.size() > kLongest) text += "...";
  return text + "`";
}

std::string shortened(std::string text) {
  constexpr std::size_t kLongest = 200;
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text + "...";
}

}  // namespace loadstar::config
