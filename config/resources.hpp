#pragma once

#include "config/surroundings.hpp"
#include "core/base/bytes.hpp"

// What the container allows this process, for options that are `auto` (operations.md 1.3). Reads
// cgroup v2, then v1, then the machine; never fails.

namespace loadstar::config {

/// 70 % of the smallest memory limit above this process's cgroup, or of the physical memory.
[[nodiscard]] Bytes automatic_memory(const Surroundings& surroundings);

/// The CPU quota, rounded up to whole CPUs; without a quota the CPUs that this process may use. At
/// least 1.
[[nodiscard]] unsigned automatic_threads(const Surroundings& surroundings);

}  // namespace loadstar::config
