// A status word and a message, up to the first zero byte and after it, for every operation.

#include "core/base/assert.hpp"
#include "core/starrocks/status.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace loadstar;             // NOLINT(google-build-using-namespace)
  using namespace loadstar::starrocks;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = std::min(text.find('\0'), size);
  ReplyFacts facts;
  facts.status = text.substr(0, cut);
  facts.message = text.substr(std::min(cut + 1, size));
  const std::string word = normalise_status(facts.status);
  LOADSTAR_ASSERT(normalise_status(word) == word, "normalising twice changes nothing");
  for (const Operation operation :
       {Operation::kStreamLoad, Operation::kBegin, Operation::kLoad, Operation::kPrepare,
        Operation::kCommit, Operation::kRollback, Operation::kCancel, Operation::kState}) {
    const Meaning meaning = judge(operation, facts.status);
    const bool listed = word == "ok" || word == "success" || word == "publishtimeout" ||
                        word == "labelalreadyexists";
    LOADSTAR_ASSERT(listed || meaning == Meaning::kFailure, "unlisted words are failures");
    const Error error = refusal(operation, facts);
    const bool certain = error.certainty == Certainty::kNotApplied;
    const bool may_be = operation != Operation::kCommit || word == "txninprocessing";
    LOADSTAR_ASSERT(!certain || may_be, "a failed commit is never certain");
    for (const char c : error.detail) {
      LOADSTAR_ASSERT(static_cast<unsigned char>(c) >= 0x20, "a detail has no control byte");
    }
  }
  static_cast<void>(parse_label_state(facts.status));
  static_cast<void>(judge_existing_job(facts.status));
  return 0;
}
