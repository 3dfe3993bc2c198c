#pragma once

#include <cstdint>
#include <cstdlib>

namespace loadstar::simulation {

/// Numbers that the environment may give: LOADSTAR_SEED replays one seed, LOADSTAR_SEEDS asks for
/// more (tests/soak.sh).
inline std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace loadstar::simulation
