#pragma once

// Mutants: one rule of the delivery contract broken on purpose, to prove that the simulation would
// notice (architecture.md 5 and 7). They exist only where LOADSTAR_MUTANTS is defined, which is in
// the simulation's own build of the classes concerned; in the product LOADSTAR_MUTANT() is `false`.

#ifdef LOADSTAR_MUTANTS

#include <cstdint>

namespace loadstar {

enum class Mutant : std::uint8_t {
  kNone,
  kHttp200IsSuccess,        ///< any HTTP 200 reply of a load counts as success (breaks D4)
  kLoadRepeatedWhenBroken,  ///< a load that failed is sent again into the same transaction (breaks
                            ///< D3)
  kUnknownIsAborted,        ///< an unknown outcome counts as not applied without asking (breaks D4)
  kAckAtReceive,            ///< the committed watermark follows the received one
  kDropOnBackpressure,      ///< a batch that finds the budget used up is dropped, yet acknowledged
  kReadsOnWithoutRoom,      ///< a stream is read on although the budget is used up

  // Of exactly-once delivery: rules R1 to R8 of ingest-api.md 4.4 and the variants of its 4.8.
  kLoadAfterLostBegin,          ///< R1: rows are loaded into a label whose begin had no answer
  kUnheldEpochIsReattached,     ///< R1a: an Open with reattach makes a writer that is not held
  kPartLoadRepeated,            ///< R2: a load without an OK is sent again under its label
  kPreparedAlthoughLoadFailed,  ///< R2: a poisoned part is prepared
  kLostPrepareIsSuccess,        ///< R3: a prepare without an answer counts as success
  kCountIsNotCompared,          ///< R3: the row count of prepare is not compared
  kCommitAtCheckpoint,          ///< R4: what is prepared is committed before the client decides
  kRollBackPreparedAtEnd,       ///< R5: an ending writer rolls back what is prepared
  kUnknownCommitIsSuccess,      ///< R6: a commit without a success word counts as done
  kEmptyCheckpointBegins,       ///< R7: a checkpoint without rows begins a transaction
  kTwoRequestsPerLabel,         ///< R8: a load is sent while another of its label is under way
  kLabelWithoutEpoch,           ///< 4.8: labels are reused by later epochs
  kTokenIsNotCumulative,        ///< 4.8: a token names its own checkpoint only
  kAbortDoesNotLook,            ///< V8: Abort is OK without a look for what is prepared
  kEpochIsNotProbed,            ///< the daemon serves an epoch that has transactions already
};

/// The mutant that is active in this process; set by the simulation.
Mutant& active_mutant();

}  // namespace loadstar

#define LOADSTAR_MUTANT(name) (::loadstar::active_mutant() == ::loadstar::Mutant::name)
#else
#define LOADSTAR_MUTANT(name) false
#endif
