#pragma once

#include "core/base/deadline.hpp"
#include "core/txn/writer_registry.hpp"
#include "tests/core/txn/moody_transport.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/simulated_starrocks.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"
#include "tests/support/wire_writer.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <variant>

namespace loadstar::txn {

/// A registry before a StarRocks that does what it should.
class RegistryFixture : public ::testing::Test {
 protected:
  void SetUp() override { test::reset_clock(); }
  void TearDown() override { test::run(io_, writers_->stop()); }

  static CoreOptions options() {
    CoreOptions options;
    options.starrocks.load_urls = {{false, simulation::SimulatedStarrocks::kFrontend, 8030}};
    options.starrocks.user = "loader";
    options.starrocks.password = [] { return Secret("secret"); };
    options.starrocks.redirect_allow = {"be1:8040", "be2:8040"};
    options.allow_unknown_tables = true;
    return options;
  }

  Answer<std::shared_ptr<WriteStream>> open(const std::string& id,
                                            const std::string& database = "test") {
    OpenRequest request;
    request.writer_id = id;
    request.database = database;
    return test::run(io_, writers_->open(std::move(request)));
  }

  std::shared_ptr<WriteStream> opened(const std::string& id) {
    auto answer = open(id);
    EXPECT_TRUE(answer.ok());
    return answer.value();
  }

  static SliceList batch(std::uint64_t sequence, const std::string& data,
                         const std::string& table = "t", std::uint64_t rows = 1) {
    test::WireWriter inner;
    if (sequence > 0) inner.varint(1, sequence);
    inner.text(3, table);
    inner.varint(5, rows);
    inner.varint(6, 2);
    inner.text(15, data);
    test::WireWriter outer;
    outer.text(2, inner.bytes());
    SliceList message;
    message.append(Slice::from_string(outer.bytes()));
    return message;
  }

  /// Typed rows of one small value each, in the one column of the simulated tables.
  static SliceList small_rows(std::uint64_t sequence, const std::string& table,
                              std::uint64_t rows) {
    test::WireWriter value;
    value.text(5, "1");
    test::WireWriter row;
    row.text(1, value.bytes());
    test::WireWriter inner;
    if (sequence > 0) inner.varint(1, sequence);
    inner.text(3, table);
    inner.text(4, "line");
    inner.varint(5, rows);
    inner.varint(6, 1);
    for (std::uint64_t i = 0; i < rows; ++i) inner.text(7, row.bytes());
    test::WireWriter outer;
    outer.text(2, inner.bytes());
    SliceList message;
    message.append(Slice::from_string(outer.bytes()));
    return message;
  }

  Answer<Done> append(WriteStream& stream, SliceList message) {
    return test::run(io_, stream.append(std::move(message)));
  }

  /// Events until `stop` says so, or the stream has ended.
  Ended until_ended(WriteStream& stream) {
    while (true) {
      auto event = test::run(io_, stream.next_event());
      if (const auto* ack = std::get_if<Ack>(&event)) last_ack_ = *ack;
      if (std::holds_alternative<Draining>(event)) saw_draining_ = true;
      if (auto* ended = std::get_if<Ended>(&event)) return std::move(*ended);
    }
  }

  std::unique_ptr<WriterRegistry> fresh_registry() {
    return std::make_unique<WriterRegistry>(io_.get_executor(), options_, client_, metrics_,
                                            logger_, 1);
  }

  /// For tests with options of their own, before anything else: what writers_ is from then on.
  void restart(const CoreOptions& options) {
    TearDown();
    options_ = options;
    writers_ = fresh_registry();
  }
  /// The same options, but only so much memory, all of it usable.
  void restart_with_memory(std::uint64_t bytes) {
    CoreOptions small = options_;
    small.limits.memory = Bytes{bytes};
    small.limits.memory_soft_percent = 100;
    restart(small);
  }

  boost::asio::io_context io_;
  Random random_{1};
  simulation::SimulatedStarrocks starrocks_{io_, random_, simulation::FaultPlan(random_, false)};
  prometheus::Registry registry_;
  Metrics metrics_{registry_, "main", 50};
  CoreOptions options_ = options();
  Logger logger_;
  MoodyTransport transport_{starrocks_};
  starrocks::Client client_{options_.starrocks, transport_, metrics_, Logger(), 1};
  std::unique_ptr<WriterRegistry> writers_ = fresh_registry();
  Ack last_ack_;
  bool saw_draining_ = false;
};

}  // namespace loadstar::txn
