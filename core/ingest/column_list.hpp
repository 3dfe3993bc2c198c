#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::ingest {

/// One item of a column list that StarRocks would refuse.
struct ColumnListProblem {
  std::size_t item = 0;  ///< from 1
  std::string text;      ///< the item as it stands there
  std::string problem;   ///< the end of a sentence that begins with the item
};

/// All that is wrong with `list`, the text of a `columns` header: names and `name=expression`
/// items, separated by commas. A list that is empty as a whole is good: it says nothing. Whether
/// the columns exist, and what the expressions mean, is StarRocks' to judge. Source:
/// starrocks-load-protocol.md 11.6.
[[nodiscard]] std::vector<ColumnListProblem> check_column_list(std::string_view list);

}  // namespace loadstar::ingest
