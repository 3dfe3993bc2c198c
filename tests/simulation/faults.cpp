#include "tests/simulation/faults.hpp"

#include <fmt/format.h>

namespace loadstar::simulation {
namespace {

bool in_transaction(Operation operation) {
  return operation == Operation::kLoad || operation == Operation::kPrepare ||
         operation == Operation::kCommit || operation == Operation::kRollback;
}

bool has_body(Operation operation) {
  return operation == Operation::kLoad || operation == Operation::kStreamLoad;
}

}  // namespace

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::kBegin:
      return "begin";
    case Operation::kLoad:
      return "load";
    case Operation::kPrepare:
      return "prepare";
    case Operation::kCommit:
      return "commit";
    case Operation::kRollback:
      return "rollback";
    case Operation::kQuery:
      return "query";
    case Operation::kStreamLoad:
      return "plain load";
    case Operation::kCancel:
      return "cancel";
    case Operation::kOther:
      return "other";
  }
  return "other";
}

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "none";
    case Fault::kRefused:
      return "refused";
    case Fault::kResetBefore:
      return "reset before processing";
    case Fault::kResetAfter:
      return "reset after processing";
    case Fault::kTornBody:
      return "torn body";
    case Fault::kTimeoutBefore:
      return "timeout, not processed";
    case Fault::kTimeoutAfter:
      return "timeout, processed";
    case Fault::kServerError:
      return "5xx";
    case Fault::kMalformedReply:
      return "malformed JSON";
    case Fault::kForeignRedirect:
      return "307 to foreign host";
    case Fault::kDeadRedirect:
      return "307 to dead host";
    case Fault::kRedirectLoop:
      return "redirect loop";
    case Fault::kFailedWord:
      return "200 with failure word";
    case Fault::kInProcessing:
      return "TXN_IN_PROCESSING";
    case Fault::kTooManyTransactions:
      return "too many running txns";
    case Fault::kTooManyVersions:
      return "too many versions";
    case Fault::kUnauthorized:
      return "401";
    case Fault::kLeaderChange:
      return "FE leader change";
    case Fault::kBackendRestart:
      return "BE restart";
    case Fault::kTransactionTimeout:
      return "transaction timeout";
    case Fault::kLabelEvicted:
      return "label evicted";
    case Fault::kDelayedDuplicate:
      return "delayed duplicate";
    case Fault::kDeliveredLate:
      return "delivered late";
    case Fault::kLockTimeout:
      return "write lock timeout";
    case Fault::kSlowPublish:
      return "publish slow";
    case Fault::kSlow:
      return "slow answer";
  }
  return "none";
}

const Operations& at_least_once_operations() {
  static const Operations kOperations{
      Operation::kBegin,    Operation::kLoad,  Operation::kPrepare,   Operation::kCommit,
      Operation::kRollback, Operation::kQuery, Operation::kStreamLoad};
  return kOperations;
}

const Operations& exactly_once_operations() {
  static const Operations kOperations{Operation::kBegin,  Operation::kLoad,     Operation::kPrepare,
                                      Operation::kCommit, Operation::kRollback, Operation::kQuery,
                                      Operation::kCancel};
  return kOperations;
}

std::string_view why_not(Fault fault, Operation operation) {
  switch (fault) {
    case Fault::kNone:
      return "no fault";
    case Fault::kTornBody:
      return has_body(operation) ? "" : "there is no body";
    case Fault::kDeadRedirect:
    case Fault::kForeignRedirect:
    case Fault::kRedirectLoop:
      return "";
    case Fault::kInProcessing:
      return in_transaction(operation) ? "" : "takes no transaction lock";
    case Fault::kTooManyTransactions:
      return operation == Operation::kBegin || operation == Operation::kStreamLoad
                 ? ""
                 : "begins no transaction";
    case Fault::kTooManyVersions:
      return operation == Operation::kPrepare || operation == Operation::kStreamLoad
                 ? ""
                 : "writes no tablet";
    case Fault::kTransactionTimeout:
      return in_transaction(operation) || operation == Operation::kQuery ||
                     operation == Operation::kStreamLoad || operation == Operation::kCancel
                 ? ""
                 : "there is no transaction yet";
    case Fault::kLockTimeout:
      return operation == Operation::kCommit ? "" : "takes no write lock of a database";
    case Fault::kSlowPublish:
      return operation == Operation::kCommit || operation == Operation::kStreamLoad
                 ? ""
                 : "publishes nothing";
    default:
      return "";
  }
}

bool applies(Fault fault, Operation operation) {
  return operation != Operation::kOther && why_not(fault, operation).empty();
}

void Grid::add(const Grid& other) {
  for (const auto& [cell, count] : other.hits_) hits_[cell] += count;
}

std::uint64_t Grid::hits(Fault fault, Operation operation) const {
  const auto found = hits_.find({fault, operation});
  return found == hits_.end() ? 0 : found->second;
}

std::string Grid::table(const Operations& operations) const {
  std::string text = fmt::format("{:<24}", "fault");
  for (const Operation operation : operations) text += fmt::format("{:>11}", to_string(operation));
  text += '\n';
  for (std::size_t i = 1; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    text += fmt::format("{:<24}", to_string(fault));
    for (const Operation operation : operations) {
      text += applies(fault, operation) ? fmt::format("{:>11}", hits(fault, operation))
                                        : fmt::format("{:>11}", "-");
    }
    text += '\n';
  }
  return text;
}

std::vector<std::string> Grid::unexplained_zeros(const Operations& operations) const {
  std::vector<std::string> zeros;
  for (std::size_t i = 1; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    for (const Operation operation : operations) {
      if (!applies(fault, operation) || hits(fault, operation) > 0) continue;
      zeros.push_back(fmt::format("{} x {}", to_string(fault), to_string(operation)));
    }
  }
  return zeros;
}

FaultPlan::FaultPlan(Random& random, bool any) : random_(random.below(UINT64_MAX)) {
  if (!any) return;
  const auto count = 1 + random_.below(5);
  for (std::uint64_t i = 0; i < count; ++i) {
    chosen_.push_back(static_cast<Fault>(1 + random_.below(kFaults - 1)));
  }
  percent_ = 3 + random_.below(22);
}

FaultPlan::FaultPlan(Script script) : random_(0), scripted_(true), script_(std::move(script)) {}

Fault FaultPlan::draw(Operation operation) {
  ++drawn_;
  if (healed_) return Fault::kNone;
  Fault fault = Fault::kNone;
  if (scripted_) {
    const auto found = script_.find(drawn_);
    if (found != script_.end()) fault = found->second;
  } else if (percent_ > 0 && random_.chance(percent_)) {
    fault = chosen_[random_.below(chosen_.size())];
  }
  if (fault == Fault::kNone || !applies(fault, operation)) return Fault::kNone;
  struck_[drawn_] = fault;
  return fault;
}

}  // namespace loadstar::simulation
