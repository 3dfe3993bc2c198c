#pragma once

#include "config/document.hpp"
#include "config/problem.hpp"
#include "config/surroundings.hpp"

#include <string_view>
#include <vector>

namespace loadstar::config {

/// Puts values from outside into the scalars below `node`, after YAML was parsed, so that no value
/// can become YAML, and the result is not read again (operations.md 1.1):
///
///   ${env:NAME}            the environment variable; not set = a problem that names it
///   ${env:NAME:-default}   the same, or `default` (up to the next `}`) if it is not set or empty
///   ${file:/path}          the content of a file of at most 64 KiB, without its last line end
///   $${                    the text `${`
///
/// Every other `$` stands for itself. Keys are not changed.
void interpolate(Node& node, const Surroundings& surroundings, std::vector<Problem>& problems);

}  // namespace loadstar::config
