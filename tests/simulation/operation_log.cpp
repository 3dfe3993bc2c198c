#include "tests/simulation/operation_log.hpp"

#include "core/starrocks/label.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace loadstar::simulation {
namespace {

bool is_tracked(Operation operation) {
  return operation != Operation::kQuery && operation != Operation::kOther &&
         operation != Operation::kStreamLoad;
}

bool is_pattern(const std::string& label) {
  return !label.empty() && label.size() <= 128 &&
         std::all_of(label.begin(), label.end(), [](unsigned char character) {
           return std::isalnum(character) != 0 || character == '-' || character == '_';
         });
}

bool works_on(Operation operation) {
  return operation == Operation::kBegin || operation == Operation::kLoad ||
         operation == Operation::kPrepare;
}

}  // namespace

bool says_ok(const http::Response& response) {
  return response.status == 200 &&
         (response.body.find(R"("Status":"OK")") != std::string::npos ||
          response.body.find(R"("status":"OK")") != std::string::npos) &&
         response.body.back() == '}';
}

void OperationLog::sent(unsigned daemon, Operation operation, const std::string& label) {
  if (!is_tracked(operation)) return;
  const auto what = fmt::format("daemon {} sends {} of {}", daemon, to_string(operation), label);
  if (!is_pattern(label)) violations_.add("V10", what + ": not a label");
  Story& story = stories_[{daemon, label}];
  if (story.under_way > 0) violations_.add("R8", what + " while another request is under way");
  ++story.under_way;
  const bool gives_up = operation == Operation::kRollback || operation == Operation::kCancel;
  if (!gives_up && story.given_up) violations_.add("V10", what + " after its rollback was decided");
  if (operation == Operation::kLoad || operation == Operation::kPrepare) {
    if (!story.begun) violations_.add("R1", what + ", which it has not begun with an OK answer");
    if (story.poisoned) violations_.add("R2", what + ", although a load of it had no OK");
  }
  if (operation == Operation::kCommit && !durable_.contains(label)) {
    violations_.add("R4", what + ", which no durable token names");
  }
  if (gives_up) {
    story.given_up = true;
    rolled_back_.insert(label);
    if (durable_.contains(label) && !tolerates_rollback_) {
      violations_.add("R5", what + ", which a durable token names");
    }
  }
  if (!works_on(operation)) return;
  const auto parsed = starrocks::parse_label(label);
  if (!parsed) return;
  const auto* part = std::get_if<starrocks::PartLabel>(&*parsed);
  if (part == nullptr) return;
  const auto open = opened_.find({daemon, part->writer});
  if (open != opened_.end() && part->epoch < open->second) {
    violations_.add("V12", fmt::format("{} after it opened epoch {}", what, open->second));
  }
}

void OperationLog::answered(unsigned daemon, Operation operation, const std::string& label,
                            Outcome outcome) {
  if (!is_tracked(operation)) return;
  Story& story = stories_[{daemon, label}];
  --story.under_way;
  if (operation == Operation::kBegin && outcome == Outcome::kOk) {
    story.begun = true;
    if (++begun_[label] > 1) {
      violations_.add("V10", fmt::format("{} was begun with OK more than once", label));
    }
  }
  if (operation == Operation::kLoad && outcome == Outcome::kOther) story.poisoned = true;
}

void OperationLog::durable(const std::string& label) {
  durable_.insert(label);
  if (rolled_back_.contains(label) && !tolerates_rollback_) {
    violations_.add("R5", fmt::format("{} was rolled back, and then a token that names it was made "
                                      "durable",
                                      label));
  }
}

void OperationLog::opened(unsigned daemon, const std::string& writer, std::uint64_t epoch) {
  std::uint64_t& highest = opened_[{daemon, writer}];
  highest = std::max(highest, epoch);
}

}  // namespace loadstar::simulation
