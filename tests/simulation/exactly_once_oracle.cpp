#include "tests/simulation/exactly_once_oracle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace loadstar::simulation {
namespace {

using State = TransactionState;

std::vector<std::string> labels_in(const std::string& bytes) {
  std::vector<std::string> labels;
  const auto token = txn::decode_resume_token(bytes);
  if (!token.ok()) return labels;
  for (const auto& part : token.value().parts) {
    labels.push_back(txn::label_of(token.value(), part));
  }
  return labels;
}

bool is_committed(std::optional<State> state) {
  return state == State::kCommitted || state == State::kVisible;
}

}  // namespace

ExactlyOnceOracle::ExactlyOnceOracle(const ExactlyOncePlan& plan, TransactionModel& model,
                                     OperationLog& log, Violations& violations)
    : plan_(plan),
      model_(model),
      log_(log),
      violations_(violations),
      random_(plan.seed * 1'442'695'040'888'963'407U + 5) {
  for (unsigned i = 0; i < plan.writers; ++i) add_writer();
  model_.on_commit([this](const std::string& label,
                          const TransactionModel::Transaction& transaction,
                          bool one_phase) { on_commit(label, transaction, one_phase); });
}

SimulatedWriter& ExactlyOnceOracle::add_writer() {
  auto writer = std::make_unique<SimulatedWriter>();
  writer->name = fmt::format("w{}", writers_.size());
  std::string table = "t1";
  bool lane = false;
  for (unsigned row = 0; row < plan_.rows; ++row) {
    // Neighbours tend to be of one table, so that batches of several rows come about.
    if (random_.chance(35)) table = fmt::format("t{}", 1 + random_.below(plan_.tables));
    if (plan_.lanes && random_.chance(20)) lane = !lane;
    const bool bad = plan_.bad_rows && random_.chance(10);
    std::string text = fmt::format("{}:{}:{}:{}", writer->name, row, table, bad ? "BAD" : "good");
    text += fmt::format(":{:x}", std::hash<std::string>()(text) & 0xffffU);
    writer->rows.push_back({table, text, bad, lane});
    known_[text] = {writer.get(), row};
  }
  writers_.push_back(std::move(writer));
  return *writers_.back();
}

void ExactlyOnceOracle::on_commit(const std::string& label,
                                  const TransactionModel::Transaction& transaction,
                                  bool one_phase) {
  published_.insert(label);
  if (one_phase) violations_.add("V10", fmt::format("{} is committed without prepare (F6)", label));
  for (const std::string& row : lines(transaction.body)) {
    const auto known = known_.find(row);
    if (known == known_.end()) {
      violations_.add("V5", fmt::format("{} commits \"{}\", which nobody sent", label, row));
      continue;
    }
    const auto& [writer, index] = known->second;
    const SourceRow& source = writer->rows[index];
    if (source.table != transaction.table) {
      violations_.add("V5",
                      fmt::format("{} commits row {} into {}", label, row, transaction.table));
    }
    if (index >= writer->durable) {
      violations_.add("V3",
                      fmt::format("{} commits row {}; no durable record covers it", label, row));
    }
    const unsigned count = model_.rows(transaction.table).at(row);
    if (count > 1) {
      violations_.add("V2",
                      fmt::format("{} commits row {} again ({} times now)", label, row, count));
    }
    std::size_t& newest = newest_[writer->name + " " + source.table];
    if (index < newest) {
      violations_.add("V6", fmt::format("{} commits row {} behind row {} of its table", label, row,
                                        newest - 1));
    }
    newest = std::max(newest, index + 1);
  }
}

void ExactlyOnceOracle::saved(SimulatedWriter& writer) {
  const ClientRecord& record = writer.store.load();
  writer.durable = std::max(writer.durable, record.position);
  for (const std::string& label : labels_in(record.token)) log_.durable(label);
}

void ExactlyOnceOracle::committed(SimulatedWriter& writer, const std::string& token,
                                  std::size_t position, bool visible) {
  for (const std::string& label : labels_in(token)) {
    const auto state = model_.state(label);
    told_committed_.insert(label);
    const bool forgotten = plan_.prepared_for && !state;
    if (!is_committed(state) && !forgotten) {
      violations_.add("V8", fmt::format("{} was answered as committed and is not", label));
    }
    if (visible && state == State::kCommitted) {
      violations_.add("V8", fmt::format("{} was answered as visible and is not", label));
    }
  }
  writer.committed = std::max(writer.committed, position);
}

void ExactlyOnceOracle::acknowledged(SimulatedWriter& writer, std::size_t position) {
  if (position <= writer.committed) return;
  for (std::size_t i = writer.committed; i < position; ++i) {
    const SourceRow& row = writer.rows[i];
    if (row.bad) continue;
    if (!model_.rows(row.table).contains(row.text)) {
      violations_.add("V8",
                      fmt::format("an Ack says that row {} is committed, and it is not", row.text));
      return;
    }
  }
}

void ExactlyOnceOracle::lost(SimulatedWriter& writer, const Refusal& refusal) {
  writer.lost = true;
  const auto found = refusal.metadata.find("label");
  const std::string label = found == refusal.metadata.end() ? "" : found->second;
  if (!plan_.prepared_for) {
    violations_.add("V1", fmt::format("{}: {}", writer.name, refusal.message));
    return;
  }
  if (refusal.reason == Reason::kCheckpointLost && published_.contains(label)) {
    violations_.add("V8", fmt::format("{} was answered as lost, and its rows are there", label));
  }
  if (refusal.reason == Reason::kCheckpointLost && told_committed_.contains(label)) {
    violations_.add("V9", fmt::format("{} was answered as committed, then as lost", label));
  }
  if (refusal.reason == Reason::kOutcomeUnknown && model_.evictions() == 0) {
    violations_.add("V8", fmt::format("{} is said to be forgotten, and nothing was: {}", label,
                                      refusal.message));
  }
}

void ExactlyOnceOracle::check_end() {
  for (const auto& writer : writers_) {
    if (writer->lost) {
      check_rows(*writer, writer->committed);
      continue;
    }
    if (writer->finished) check_rows(*writer, writer->rows.size());
    check_lingering(*writer);
  }
  check_begun();
}

/// R7: nothing is begun for a checkpoint without rows.
void ExactlyOnceOracle::check_begun() {
  for (const auto& [text, times] : log_.begun()) {
    const auto parsed = starrocks::parse_label(text);
    const auto* label = parsed ? std::get_if<starrocks::PartLabel>(&*parsed) : nullptr;
    if (label == nullptr || with_rows_.contains({label->writer, label->epoch, label->checkpoint})) {
      continue;
    }
    violations_.add("R7", fmt::format("{} was begun for a checkpoint without rows", text));
  }
}

/// V1: rows of what was committed are there. V2, V3, V5 were checked row by row as they were
/// committed. V4 follows: every row of a finished writer is there once, so each of its checkpoints
/// is whole.
void ExactlyOnceOracle::check_rows(const SimulatedWriter& writer, std::size_t end) {
  for (std::size_t i = 0; i < end; ++i) {
    const SourceRow& row = writer.rows[i];
    const auto& table = model_.rows(row.table);
    const auto found = table.find(row.text);
    const unsigned count = found == table.end() ? 0 : found->second;
    if (row.bad) {
      if (count > 0) violations_.add("V3", fmt::format("refused row {} is there", row.text));
    } else if (count == 0) {
      violations_.add("V1", fmt::format("row {} is not there", row.text));
    } else if (count > 1) {
      violations_.add("V2", fmt::format("row {} is there {} times", row.text, count));
    }
  }
}

void ExactlyOnceOracle::recovered(const SimulatedWriter& writer, std::uint64_t epoch,
                                  const std::string& token, Clock::time_point since,
                                  std::uint64_t max_pending) {
  for (const std::string& label : left_open(writer, epoch - 1, token, since, max_pending)) {
    violations_.add("V11", fmt::format("Open({}) left {} as it was", epoch, label));
  }
}

void ExactlyOnceOracle::aborted(const SimulatedWriter& writer, std::uint64_t epoch,
                                const std::string& token, Clock::time_point since,
                                std::uint64_t max_pending) {
  for (const std::string& label : left_open(writer, epoch, token, since, max_pending)) {
    violations_.add("V8", fmt::format("Abort({}) is done, and {} can be committed", epoch, label));
  }
}

std::vector<std::string> ExactlyOnceOracle::left_open(const SimulatedWriter& writer,
                                                      std::uint64_t last_epoch,
                                                      const std::string& token,
                                                      Clock::time_point since,
                                                      std::uint64_t max_pending) const {
  std::uint64_t first_epoch = 1;
  std::uint64_t checkpoint = 0;
  const auto decoded = txn::decode_resume_token(token);
  if (decoded.ok()) {
    first_epoch = decoded.value().epoch;
    checkpoint = decoded.value().checkpoint;
  }
  std::vector<std::string> found;
  for (const auto& [text, transaction] : model_.transactions()) {
    if (transaction.state != State::kPrepare && transaction.state != State::kPrepared) continue;
    if (transaction.begun_at >= since || log_.durable_labels().contains(text)) continue;
    const auto parsed = starrocks::parse_label(text);
    const auto* label = parsed ? std::get_if<starrocks::PartLabel>(&*parsed) : nullptr;
    if (label == nullptr || label->writer != writer.name) continue;
    const bool searched = label->epoch >= first_epoch && label->epoch <= last_epoch &&
                          label->checkpoint > checkpoint &&
                          label->checkpoint <= checkpoint + max_pending;
    if (searched && is_reached(*label)) found.push_back(text);
  }
  return found;
}

bool ExactlyOnceOracle::is_reached(const starrocks::PartLabel& label) const {
  starrocks::PartLabel before = label;
  unsigned unknown = 0;
  for (before.part = 0; before.part < label.part && unknown < 2; ++before.part) {
    const auto text = starrocks::build(before);
    unknown = model_.state(*text) ? 0 : unknown + 1;
  }
  return unknown < 2;
}

/// V11: nothing that is decided, and nothing of an epoch that ended well, is left. What earlier
/// Opens could not reach ends by its timeout (ingest-api.md 4.3).
void ExactlyOnceOracle::check_lingering(const SimulatedWriter& writer) {
  const auto token = txn::decode_resume_token(writer.store.load().token);
  for (const auto& [text, transaction] : model_.transactions()) {
    if (transaction.state != State::kPrepare && transaction.state != State::kPrepared) continue;
    const auto parsed = starrocks::parse_label(text);
    if (!parsed) continue;
    const auto* label = std::get_if<starrocks::PartLabel>(&*parsed);
    if (label == nullptr || label->writer != writer.name) continue;
    ++lingering_;
    // A committed label that is forgotten (A3 is broken) can be begun again by a request that comes
    // late, as one that was rolled back can (F281). Nobody loads into it: its timeout ends it.
    if (model_.has_forgotten(text)) continue;
    if (log_.durable_labels().contains(text)) {
      violations_.add("V11",
                      fmt::format("{} is named by a durable token and is left prepared", text));
    } else if (label->epoch == writer.store.load().epoch && writer.finished &&
               !log_.rolled_back(text)) {
      // What was rolled back can be begun again by a request that comes late; it ends by its
      // timeout (F281).
      violations_.add("V11", fmt::format("{} of the last epoch is left", text));
    }
  }
}

std::uint64_t ExactlyOnceOracle::digest() const {
  std::uint64_t digest = 1469598103934665603ULL;
  for (const auto& writer : writers_) {
    for (const SourceRow& row : writer->rows) {
      const auto& table = model_.rows(row.table);
      const auto found = table.find(row.text);
      const unsigned count = found == table.end() ? 0 : found->second;
      digest = (digest ^ (std::hash<std::string>()(row.text) + count)) * 1099511628211ULL;
    }
    digest = (digest ^ writer->store.load().epoch) * 1099511628211ULL;
  }
  return digest;
}

std::uint64_t ExactlyOnceOracle::rows() const {
  std::uint64_t sum = 0;
  for (const auto& writer : writers_) sum += writer->rows.size();
  return sum;
}

}  // namespace loadstar::simulation
