#pragma once

#include "core/base/random.hpp"
#include "core/base/table_schema.hpp"

#include <optional>
#include <string>
#include <vector>

namespace loadstar::ingest {

/// A random value of a column type: its wire form, and the text that a reader has to find for it.
struct RandomValue {
  std::string wire;                 ///< serialised loadstar.v1.Value
  std::optional<std::string> text;  ///< canonical; unset for NULL
};

/// Types that random tables are made of, by the names that parse_column_type() reads.
[[nodiscard]] const std::vector<std::string>& random_type_names();

/// A value that fits `type_name`. Strings are full of what formats stumble over: separators,
/// quotes, backslashes, control bytes, `\N`, multi-byte characters.
[[nodiscard]] RandomValue random_value(Random& random, const std::string& type_name);

}  // namespace loadstar::ingest
