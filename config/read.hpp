#pragma once

#include "config/document.hpp"
#include "config/options.hpp"
#include "config/origins.hpp"

#include <vector>

namespace loadstar::config {

/// Options from a document, by the tables of config/schema. Unknown keys, values of a wrong type
/// and values out of range are added to `problems` (mark, key, message); the options they stand for
/// keep their defaults. `tables.X` starts as `defaults`, whatever their order in the file. If the
/// document is no map at all, nothing more can be said: `document.broken` is set.
[[nodiscard]] Options read_options(Node& document, Origins& origins,
                                   std::vector<Problem>& problems);

}  // namespace loadstar::config
