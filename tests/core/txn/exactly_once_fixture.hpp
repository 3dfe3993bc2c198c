#pragma once

#include "core/txn/resume_token.hpp"
#include "tests/core/txn/registry_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace loadstar::txn {

/// Exactly-once clients of a registry before a StarRocks that does what it should.
class ExactlyOnceFixture : public RegistryFixture {
 protected:
  Answer<std::shared_ptr<WriteStream>> open_epoch(std::uint64_t epoch, std::string token = "",
                                                  bool reattach = false,
                                                  WriterRegistry* writers = nullptr) {
    OpenRequest request;
    request.writer_id = "w";
    request.database = "test";
    request.delivery = Delivery::kExactlyOnce;
    request.epoch = epoch;
    request.resume_token = std::move(token);
    request.reattach = reattach;
    WriterRegistry& target = writers == nullptr ? *writers_ : *writers;
    return test::run(io_, target.open(std::move(request)));
  }

  std::shared_ptr<WriteStream> opened_epoch(std::uint64_t epoch, std::string token = "",
                                            bool reattach = false) {
    auto answer = open_epoch(epoch, std::move(token), reattach);
    EXPECT_TRUE(answer.ok()) << answer.refusal().message;
    return answer.value();
  }

  static SliceList batch_of(std::uint64_t sequence, std::uint64_t checkpoint,
                            const std::string& data, const std::string& table = "t") {
    test::WireWriter inner;
    inner.varint(1, sequence);
    inner.varint(2, checkpoint);
    inner.text(3, table);
    inner.varint(5, static_cast<std::uint64_t>(std::count(data.begin(), data.end(), '\n')));
    inner.varint(6, 2);
    inner.text(15, data);
    test::WireWriter outer;
    outer.text(2, inner.bytes());
    SliceList message;
    message.append(Slice::from_string(outer.bytes()));
    return message;
  }

  Answer<CheckpointOutcome> checkpoint(std::uint64_t epoch, std::uint64_t id, std::uint64_t last) {
    const Deadline deadline = Clock::now() + std::chrono::minutes(10);
    return test::run(io_, writers_->checkpoint({"w", epoch, id, last}, deadline));
  }

  Answer<CommitOutcome> commit(const std::string& token, WriterRegistry* writers = nullptr) {
    const Deadline deadline = Clock::now() + std::chrono::minutes(10);
    WriterRegistry& target = writers == nullptr ? *writers_ : *writers;
    return test::run(io_, target.commit({token, false}, deadline));
  }

  Answer<AbortOutcome> abort(std::uint64_t epoch, const std::string& token = "") {
    const Deadline deadline = Clock::now() + std::chrono::minutes(10);
    return test::run(io_, writers_->abort({"w", "test", epoch, token}, deadline));
  }

  /// A token of epoch 1 whose parts 0, 1, ... of checkpoint 1 are prepared by hand, in tables t
  /// and u by turns, with a row each ("row0", ...).
  ResumeToken prepared(std::uint64_t parts) {
    ResumeToken token{"ls", "w", "test", 1, 1, parts, {}};
    for (std::uint64_t part = 0; part < parts; ++part) {
      token.parts.push_back({part % 2 == 0 ? "t" : "u", 1, 1, part});
      const std::string label = label_of(token, token.parts.back());
      starrocks_.model().begin(label, token.parts.back().table, std::chrono::seconds(600));
      starrocks_.model().load(label, "row" + std::to_string(part) + "\n");
      starrocks_.model().prepare(label, std::chrono::seconds(86'400));
    }
    return token;
  }

  /// Whether `request` is this operation of the load protocol.
  static bool is(const http::Request& request, simulation::Operation operation) {
    return simulation::SimulatedStarrocks::operation_of(request) == operation;
  }

  unsigned visible(const std::string& row, const std::string& table = "t") {
    const auto& rows = starrocks_.rows(table);
    const auto found = rows.find(row);
    return found == rows.end() ? 0 : found->second;
  }
};

}  // namespace loadstar::txn
