#pragma once

#include "config/options.hpp"
#include "config/origins.hpp"
#include "config/problem.hpp"

#include <vector>

namespace loadstar::config {

/// Checks every rule about one value and about pairs of values; no other place has such a rule, and
/// the constructors of core/ only assert what is checked here. Touches no file and no network.
///
/// Returns all problems with key and message, warnings among them; no error means usable. `origins`
/// tells what the file sets itself (for warnings about options without effect), where (mark), and
/// which values have a problem already (nothing is said about these again). Rules: architecture.md
/// 7, operations.md 5, style-anchors.md 2.5.
[[nodiscard]] std::vector<Problem> validate(const Options& options, const Origins& origins = {});

}  // namespace loadstar::config
