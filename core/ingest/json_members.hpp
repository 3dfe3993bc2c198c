#pragma once

#include <string_view>

namespace loadstar::ingest {

/// True if an object in `json` has two members of one name, of which StarRocks would keep one.
/// `json` has passed is_json() and number_not_kept().
[[nodiscard]] bool has_repeated_member(std::string_view json);

}  // namespace loadstar::ingest
