#include "tests/simulation/client_faults.hpp"

#include <fmt/format.h>

namespace loadstar::simulation {

std::string_view to_string(Step step) {
  switch (step) {
    case Step::kClaim:
      return "claim";
    case Step::kOpen:
      return "open";
    case Step::kAppend:
      return "append";
    case Step::kCheckpoint:
      return "checkpoint";
    case Step::kSave:
      return "save";
    case Step::kCommit:
      return "commit";
    case Step::kAbort:
      return "abort";
  }
  return "";
}

std::string_view to_string(Mishap mishap) {
  switch (mishap) {
    case Mishap::kNone:
      return "none";
    case Mishap::kRequestLost:
      return "request lost";
    case Mishap::kReplyLost:
      return "reply lost";
    case Mishap::kRepeated:
      return "repeated, late";
    case Mishap::kShortDeadline:
      return "short deadline";
    case Mishap::kOtherDaemon:
      return "other daemon";
    case Mishap::kStreamBreaks:
      return "stream breaks";
    case Mishap::kCrashBefore:
      return "crash before";
    case Mishap::kCrashAfter:
      return "crash after";
    case Mishap::kPauseBefore:
      return "pause before";
    case Mishap::kPauseAfter:
      return "pause after";
    case Mishap::kDeclined:
      return "checkpoint declined";
    case Mishap::kNotCommitted:
      return "commit notice lost";
    case Mishap::kGivesUp:
      return "gives up";
  }
  return "";
}

bool applies(Mishap mishap, Step step) {
  const bool call = step == Step::kOpen || step == Step::kCheckpoint || step == Step::kCommit ||
                    step == Step::kAbort;
  switch (mishap) {
    case Mishap::kNone:
      return false;
    case Mishap::kRequestLost:
    case Mishap::kReplyLost:
    case Mishap::kRepeated:
    case Mishap::kOtherDaemon:
      return call;
    case Mishap::kShortDeadline:
      return step == Step::kCheckpoint || step == Step::kCommit;
    case Mishap::kStreamBreaks:
      return step == Step::kAppend;
    case Mishap::kCrashBefore:
    case Mishap::kCrashAfter:
    case Mishap::kPauseBefore:
    case Mishap::kPauseAfter:
      return true;
    case Mishap::kDeclined:
    case Mishap::kNotCommitted:
      return step == Step::kSave;
    case Mishap::kGivesUp:
      return step == Step::kAppend;
  }
  return false;
}

void ClientGrid::add(const ClientGrid& other) {
  for (const auto& [cell, count] : other.hits_) hits_[cell] += count;
}

std::uint64_t ClientGrid::hits(Mishap mishap, Step step) const {
  const auto found = hits_.find({mishap, step});
  return found == hits_.end() ? 0 : found->second;
}

std::string ClientGrid::table() const {
  std::string text = fmt::format("{:<24}", "mishap");
  for (const Step step : kSteps) text += fmt::format("{:>11}", to_string(step));
  text += '\n';
  for (std::size_t i = 1; i < kMishaps; ++i) {
    const auto mishap = static_cast<Mishap>(i);
    text += fmt::format("{:<24}", to_string(mishap));
    for (const Step step : kSteps) {
      text += applies(mishap, step) ? fmt::format("{:>11}", hits(mishap, step))
                                    : fmt::format("{:>11}", "-");
    }
    text += '\n';
  }
  return text;
}

std::vector<std::string> ClientGrid::unexplained_zeros() const {
  std::vector<std::string> zeros;
  for (std::size_t i = 1; i < kMishaps; ++i) {
    const auto mishap = static_cast<Mishap>(i);
    for (const Step step : kSteps) {
      if (!applies(mishap, step) || hits(mishap, step) > 0) continue;
      zeros.push_back(fmt::format("{} x {}", to_string(mishap), to_string(step)));
    }
  }
  return zeros;
}

MishapPlan::MishapPlan(Random& random, bool any) : random_(random.below(UINT64_MAX)) {
  if (!any) return;
  const auto count = 1 + random_.below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    chosen_.push_back(static_cast<Mishap>(1 + random_.below(kMishaps - 1)));
  }
  percent_ = 2 + random_.below(20);
}

Mishap MishapPlan::draw(Step step) {
  ++drawn_;
  if (healed_) return Mishap::kNone;
  Mishap mishap = Mishap::kNone;
  if (scripted_) {
    const auto found = script_.find(drawn_);
    if (found != script_.end()) mishap = found->second;
  } else if (percent_ > 0 && random_.chance(percent_)) {
    mishap = chosen_[random_.below(chosen_.size())];
  }
  // Few clients give up, so what befalls them then would hardly ever be seen.
  if (!scripted_ && step == Step::kAbort && random_.chance(40)) {
    mishap = static_cast<Mishap>(1 + random_.below(kMishaps - 1));
  }
  if (!applies(mishap, step)) return Mishap::kNone;
  struck_[drawn_] = mishap;
  grid_.hit(mishap, step);
  return mishap;
}

}  // namespace loadstar::simulation
