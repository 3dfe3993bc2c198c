#include "core/ingest/column_list.hpp"

#include "core/ingest/column_expression.hpp"

#include <algorithm>
#include <utility>

namespace loadstar::ingest {
namespace {

/// At the commas outside of quotes and brackets: "id,v=greatest(a,b)" has two items. Where these
/// are not closed, the rest is one item.
std::vector<std::string_view> split_items(std::string_view list) {
  std::vector<std::string_view> items;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < list.size();) {
    const char c = list[i];
    if (is_quote(c)) {
      i = std::min(end_of_quoted(list, i), list.size());
      continue;
    }
    if (c == '(' || c == '[' || c == '{') ++depth;
    if ((c == ')' || c == ']' || c == '}') && depth > 0) --depth;
    if (c == ',' && depth == 0) {
      items.push_back(trim_blanks(list.substr(begin, i - begin)));
      begin = i + 1;
    }
    ++i;
  }
  items.push_back(trim_blanks(list.substr(begin)));
  return items;
}

/// A name or an expression's target that comes a second time.
class SeenNames {
 public:
  [[nodiscard]] bool insert(std::string_view name) {
    const bool known = std::any_of(names_.begin(), names_.end(), [name](const std::string& other) {
      return same_column(other, name);
    });
    names_.emplace_back(name);
    return !known;
  }

 private:
  std::vector<std::string> names_;
};

class ListJudge {
 public:
  std::string judge(std::string_view item) {
    if (item.empty()) return "is empty; remove its comma, or write a column there";
    const bool quoted = item.front() == '`' && end_of_quoted(item, 0) == item.size();
    if (quoted) return judge_name(item.substr(1, item.size() - 2));
    if (item.find('=') != std::string_view::npos) return judge_expression(item);
    if (!std::all_of(item.begin(), item.end(), is_name_byte)) {
      return "is no column name; write a name or name=expression, an unusual name in back-ticks";
    }
    return judge_name(item);
  }

 private:
  std::string judge_name(std::string_view name) {
    if (!is_column_name(name)) return "is no column name; there is nothing between its back-ticks";
    return names_.insert(name) ? ""
                               : "is listed twice; a field of the data has one name of its own";
  }

  std::string judge_expression(std::string_view item) {
    ColumnExpression one = parse_column_expression(item);
    if (!one.problem.empty()) return std::move(one.problem);
    return targets_.insert(one.target) ? "" : "sets a column a second time; keep one of them";
  }

  // A column may be the input of its own expression: `name, name=upper(name)`.
  SeenNames names_;
  SeenNames targets_;
};

}  // namespace

std::vector<ColumnListProblem> check_column_list(std::string_view list) {
  std::vector<ColumnListProblem> problems;
  if (trim_blanks(list).empty()) return problems;
  ListJudge judge;
  std::size_t number = 0;
  for (const std::string_view item : split_items(list)) {
    ++number;
    std::string problem = judge.judge(item);
    if (!problem.empty()) problems.push_back({number, std::string(item), std::move(problem)});
  }
  return problems;
}

}  // namespace loadstar::ingest
