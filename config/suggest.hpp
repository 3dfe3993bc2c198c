#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::config {

/// Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, replacements and
/// swaps of neighbours that turn `left` into `right`. Time and memory: product of the lengths.
[[nodiscard]] std::size_t edit_distance(std::string_view left, std::string_view right);

/// The candidate that was probably meant by `written`: the nearest one in at most a third of its
/// length (at least 1) edits, case ignored; the first of several. nullopt if none is near.
[[nodiscard]] std::optional<std::string> suggest(std::string_view written,
                                                 const std::vector<std::string>& candidates);

}  // namespace loadstar::config
