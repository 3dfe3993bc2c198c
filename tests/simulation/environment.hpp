#pragma once

#include <cstdint>
#include <cstdlib>

namespace loadstar::simulation {

/// Numbers that the environment may give: LOADSTAR_SEED replays one seed; LOADSTAR_SEEDS asks for
/// more (tests/soak.sh), from LOADSTAR_FIRST_SEED on.
inline std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Seeds `first` up to, not including, `end`.
struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t end = 1;
  bool replay = false;    ///< one seed, to be looked at
  bool complete = false;  ///< at least as many as in CI, so that everything should have come about
};

/// The seeds of one of two tests, which ctest runs side by side. `in_ci`: of both.
inline Seeds half_of_seeds(std::uint64_t half, std::uint64_t in_ci) {
  Seeds seeds;
  seeds.replay = std::getenv("LOADSTAR_SEED") != nullptr;
  if (seeds.replay) {
    seeds.first = number_from("LOADSTAR_SEED", 1);
    seeds.end = seeds.first + (half == 0 ? 1 : 0);
    return seeds;
  }
  const std::uint64_t first = number_from("LOADSTAR_FIRST_SEED", 1);
  const std::uint64_t count = number_from("LOADSTAR_SEEDS", in_ci);
  seeds.first = first + half * (count / 2);
  seeds.end = half == 0 ? first + count / 2 : first + count;
  seeds.complete = count >= in_ci;
  return seeds;
}

}  // namespace loadstar::simulation
