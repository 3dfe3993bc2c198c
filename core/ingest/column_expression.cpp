#include "core/ingest/column_expression.hpp"

#include "core/base/ascii.hpp"
#include "core/ingest/utf8.hpp"

#include <algorithm>
#include <cstddef>

namespace loadstar::ingest {
namespace {

/// What keeps `text` from being one expression; empty if nothing does.
std::string_view judge_expression(std::string_view text) {
  std::string closers;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (is_quote(c)) {
      i = end_of_quoted(text, i);
      if (i == std::string_view::npos) return "has a quote that is not closed";
      continue;
    }
    const std::string_view two = text.substr(i, 2);
    if (two == "--" || two == "/*" || c == '#') return "has a comment; leave it out";
    if (c == ';') return "has a ';'; it must be one expression";
    if (c == ',' && closers.empty())
      return "has a ',' outside of parentheses; it must be one expression";
    if (c == '(' || c == '[' || c == '{') closers += c == '(' ? ')' : (c == '[' ? ']' : '}');
    if (c == ')' || c == ']' || c == '}') {
      if (closers.empty() || closers.back() != c) return "has brackets that do not match";
      closers.pop_back();
    }
    ++i;
  }
  return closers.empty() ? std::string_view() : "has brackets that do not match";
}

}  // namespace

ColumnExpression parse_column_expression(std::string_view text) {
  ColumnExpression result;
  if (!is_utf8(text) || !is_printable(text)) {
    result.problem = "has control characters or invalid UTF-8";
    return result;
  }
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    result.problem = "must have the form column=expression";
    return result;
  }
  std::string_view target = trim_blanks(text.substr(0, equals));
  if (target.size() >= 2 && target.front() == '`' && target.back() == '`') {
    target = target.substr(1, target.size() - 2);
  } else if (!std::all_of(target.begin(), target.end(), is_name_byte)) {
    result.problem = "must begin with a column name; put an unusual one in back-ticks";
    return result;
  }
  const std::string_view expression = trim_blanks(text.substr(equals + 1));
  if (!is_column_name(target) || expression.empty()) {
    result.problem = "must have the form column=expression";
    return result;
  }
  result.target = std::string(target);
  result.text = std::string(expression);
  result.problem = std::string(judge_expression(expression));
  return result;
}

bool mentions(std::string_view expression, std::string_view column) {
  for (std::size_t i = 0; i < expression.size();) {
    const char c = expression[i];
    std::size_t end = i + 1;
    if (is_quote(c)) {
      end = std::min(end_of_quoted(expression, i), expression.size());
      const bool name = c == '`' && end >= i + 2;
      if (name && same_column(expression.substr(i + 1, end - i - 2), column)) return true;
    } else if (is_name_byte(c)) {
      while (end < expression.size() && is_name_byte(expression[end])) ++end;
      if (same_column(expression.substr(i, end - i), column)) return true;
    }
    i = end;
  }
  return false;
}

std::string column_reference(std::string_view name) {
  if (name == kOpColumn) return std::string(name);
  std::string text = "`";
  text.append(name).append("`");
  return text;
}

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string_view trim_blanks(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::size_t end_of_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote != '`') {
      ++i;
    } else if (text[i] == quote) {
      if (i + 1 < text.size() && text[i + 1] == quote) {
        ++i;
      } else {
        return i + 1;
      }
    }
  }
  return std::string_view::npos;
}

bool is_quote(char c) { return c == '\'' || c == '"' || c == '`'; }

bool is_column_name(std::string_view name) {
  return !name.empty() && name.find('`') == std::string_view::npos && is_printable(name);
}

bool same_column(std::string_view left, std::string_view right) {
  return equal_ignoring_case(left, right);
}

}  // namespace loadstar::ingest
