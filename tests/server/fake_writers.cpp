#include "tests/server/fake_writers.hpp"

#include "core/base/assert.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <variant>

namespace loadstar::server::test {
namespace {

constexpr std::size_t kEvents = 1'000;
constexpr std::size_t kPermits = 1;

}  // namespace

FakeStream::FakeStream(const asio::any_io_executor& executor, txn::Opened opened, bool patient)
    : strand_(asio::make_strand(executor)),
      opened_(std::move(opened)),
      patient_(patient),
      events_(executor, kEvents),
      permits_(executor, kPermits) {}

void FakeStream::say(txn::StreamEvent event) {
  if (auto* const ended = std::get_if<txn::Ended>(&event)) {
    end(std::move(ended->refusal));
    return;
  }
  const auto* const ack = std::get_if<txn::Ack>(&event);
  const std::uint64_t committed = ack == nullptr ? 0 : ack->committed_sequence;
  send(std::move(event));
  update([&] { committed_ = std::max(committed_, committed); });
  end_if_settled();
}

void FakeStream::end_if_settled() {
  const bool settled = look(
      [&] { return patient_ && half_closed_ && committed_ + 1 >= opened_.next_sequence + count_; });
  if (settled) end(std::nullopt);
}

void FakeStream::send(txn::StreamEvent event) {
  const bool sent = events_.try_send(boost::system::error_code(), std::move(event));
  LOADSTAR_ASSERT(sent, "the test says less than the channel holds");
}

void FakeStream::end(std::optional<Refusal> refusal) {
  bool first = false;
  update([&] { first = !std::exchange(ended_, true); });
  if (first) send(txn::Ended{std::move(refusal)});
}

void FakeStream::hold() {
  update([&] { held_ = true; });
}

void FakeStream::release() {
  update([&] { held_ = false; });
  permits_.close();  // wakes the append that waits
}

void FakeStream::refuse_next(Refusal refusal) {
  update([&] { refuse_next_ = std::move(refusal); });
}

void FakeStream::keep_nothing() {
  update([&] { keep_ = false; });
}

std::vector<std::string> FakeStream::messages() const {
  return look([&] { return messages_; });
}
std::size_t FakeStream::message_count() const {
  return look([&] { return count_; });
}
std::uint64_t FakeStream::bytes() const {
  return look([&] { return bytes_; });
}
bool FakeStream::half_closed() const {
  return look([&] { return half_closed_; });
}
bool FakeStream::disconnected() const {
  return look([&] { return disconnected_; });
}
bool FakeStream::wait_messages(std::size_t count) {
  return wait([&] { return count_ >= count; });
}
bool FakeStream::wait_half_closed() {
  return wait([&] { return half_closed_; });
}
bool FakeStream::wait_disconnected() {
  return wait([&] { return disconnected_; });
}

asio::awaitable<Answer<Done>> FakeStream::append(SliceList message) {
  bool held = false;
  std::optional<Refusal> refusal;
  update([&] {
    ++count_;
    bytes_ += message.size();
    if (keep_) messages_.push_back(message.to_string());
    held = held_;
    refusal = std::exchange(refuse_next_, std::nullopt);
  });
  if (refusal) {
    end(refusal);
    co_return *refusal;
  }
  if (held) {
    const auto token = asio::as_tuple(asio::use_awaitable);
    auto [ec] = co_await permits_.async_receive(token);
    (void)ec;
  }
  co_return Done{};
}

void FakeStream::half_close() {
  update([&] { half_closed_ = true; });
  if (!patient_) end(std::nullopt);
  end_if_settled();
}

void FakeStream::disconnect() {
  update([&] { disconnected_ = true; });
  permits_.close();
  end(std::nullopt);
}

asio::awaitable<txn::StreamEvent> FakeStream::next_event() {
  const auto token = asio::as_tuple(asio::use_awaitable);
  auto [ec, event] = co_await events_.async_receive(token);
  LOADSTAR_ASSERT(!ec, "nothing is asked for after Ended");
  co_return event;
}

void FakeWriters::refuse_opens(std::optional<Refusal> refusal) {
  update([&] { open_refusal_ = std::move(refusal); });
}
void FakeWriters::answer_opens(txn::Opened opened) {
  update([&] { opened_ = std::move(opened); });
}
void FakeWriters::answer_checkpoints(std::optional<Refusal> refusal) {
  update([&] { checkpoint_refusal_ = std::move(refusal); });
}
void FakeWriters::answer_checkpoints_with(txn::CheckpointOutcome outcome) {
  update([&] { checkpoint_outcome_ = std::move(outcome); });
}
void FakeWriters::answer_commits(Answer<txn::CommitOutcome> answer) {
  update([&] { commit_answer_ = std::move(answer); });
}
void FakeWriters::answer_aborts(Answer<txn::AbortOutcome> answer) {
  update([&] { abort_answer_ = std::move(answer); });
}
std::vector<txn::CommitRequest> FakeWriters::commits() const {
  return look([&] { return commits_; });
}
std::vector<txn::AbortRequest> FakeWriters::aborts() const {
  return look([&] { return aborts_; });
}
void FakeWriters::be_patient() {
  update([&] { patient_ = true; });
}
void FakeWriters::set_report(txn::StatusReport report) {
  update([&] { report_ = std::move(report); });
}
void FakeWriters::set_schema(Answer<TableSchema> schema) {
  update([&] { schema_.emplace(std::move(schema)); });
}

std::shared_ptr<FakeStream> FakeWriters::stream(std::size_t n) {
  const bool there = wait([&] { return streams_.size() > n; });
  LOADSTAR_ASSERT(there, "the stream that the test waits for is opened");
  return look([&] { return streams_[n]; });
}

std::vector<std::shared_ptr<FakeStream>> FakeWriters::streams() const {
  return look([&] { return streams_; });
}
std::vector<txn::OpenRequest> FakeWriters::opens() const {
  return look([&] { return opens_; });
}
std::vector<txn::CheckpointRequest> FakeWriters::checkpoints() const {
  return look([&] { return checkpoints_; });
}
std::optional<Deadline> FakeWriters::last_deadline() const {
  return look([&] { return last_deadline_; });
}

asio::awaitable<Answer<std::shared_ptr<txn::WriteStream>>> FakeWriters::open(
    txn::OpenRequest request) {
  std::optional<Refusal> refusal;
  std::shared_ptr<FakeStream> stream;
  update([&] {
    opens_.push_back(std::move(request));
    refusal = open_refusal_;
    if (refusal) return;
    stream = std::make_shared<FakeStream>(executor_, opened_, patient_);
    streams_.push_back(stream);
  });
  if (refusal) co_return *refusal;
  co_return std::shared_ptr<txn::WriteStream>(stream);
}

asio::awaitable<Answer<txn::CheckpointOutcome>> FakeWriters::checkpoint(
    txn::CheckpointRequest request, Deadline deadline) {
  std::optional<Refusal> refusal;
  update([&] {
    checkpoints_.push_back(std::move(request));
    last_deadline_ = deadline;
    refusal = checkpoint_refusal_;
  });
  if (refusal) co_return *refusal;
  co_return look([&] { return checkpoint_outcome_; });
}

asio::awaitable<Answer<txn::CommitOutcome>> FakeWriters::commit(txn::CommitRequest request,
                                                                Deadline deadline) {
  update([&] {
    commits_.push_back(std::move(request));
    last_deadline_ = deadline;
  });
  co_return look([&] { return commit_answer_; });
}

asio::awaitable<Answer<txn::AbortOutcome>> FakeWriters::abort(txn::AbortRequest request,
                                                              Deadline deadline) {
  update([&] {
    aborts_.push_back(std::move(request));
    last_deadline_ = deadline;
  });
  co_return look([&] { return abort_answer_; });
}

asio::awaitable<Answer<TableSchema>> FakeWriters::describe_table(std::string /*database*/,
                                                                 std::string /*table*/,
                                                                 Deadline deadline) {
  update([&] { last_deadline_ = deadline; });
  auto schema = look([&] { return schema_; });
  LOADSTAR_ASSERT(schema.has_value(), "the test has said what the table is");
  co_return *schema;
}

asio::awaitable<txn::StatusReport> FakeWriters::status(std::string prefix) {
  txn::StatusReport report = look([&] { return report_; });
  std::erase_if(report.writers,
                [&](const auto& writer) { return !writer.writer_id.starts_with(prefix); });
  co_return report;
}

}  // namespace loadstar::server::test
