#pragma once

#include "config/options.hpp"
#include "config/origins.hpp"

#include <string>

namespace loadstar::config {

/// The effective configuration as a YAML file: every key with its value, defaults merged into each
/// table, and behind it where it came from (`default`, `line 12`, `defaults, line 7`). Secrets are
/// `<redacted>`. But for these, load() reads the text as equal options.
[[nodiscard]] std::string show(const Options& options, const Origins& origins);

}  // namespace loadstar::config
