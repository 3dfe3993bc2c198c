#pragma once

// Mutants: one rule of the delivery contract broken on purpose, to prove that the simulation would
// notice (architecture.md 5 and 7). They exist only where LOADSTAR_MUTANTS is defined, which is in the
// simulation's own build of the classes concerned; in the product LOADSTAR_MUTANT() is `false`.

#ifdef LOADSTAR_MUTANTS

#include <cstdint>

namespace loadstar {

enum class Mutant : std::uint8_t {
  kNone,
  kHttp200IsSuccess,       ///< any HTTP 200 reply of a load counts as success (breaks D4)
  kLoadRepeatedWhenBroken, ///< a load that failed is sent again into the same transaction (breaks D3)
  kUnknownIsAborted,       ///< an unknown outcome counts as not applied without asking (breaks D4)
  kAckAtReceive,           ///< the committed watermark follows the received one
  kDropOnBackpressure,     ///< a batch that finds the budget used up is dropped, yet acknowledged
};

/// The mutant that is active in this process; set by the simulation.
Mutant& active_mutant();

}  // namespace loadstar

#define LOADSTAR_MUTANT(name) (::loadstar::active_mutant() == ::loadstar::Mutant::name)
#else
#define LOADSTAR_MUTANT(name) false
#endif
