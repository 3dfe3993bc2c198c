#pragma once

#include "core/txn/table_directory.hpp"
#include "tests/core/txn/moody_transport.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/simulated_starrocks.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace loadstar::txn {

/// Tables and loads before a StarRocks that does what it should unless `transport_.mood` says else.
class DirectoryFixture : public ::testing::Test {
 protected:
  void SetUp() override { test::reset_clock(); }
  void TearDown() override { test::run(io_, directory().stop()); }

  static CoreOptions default_options() {
    CoreOptions options;
    options.starrocks.load_urls = {{false, simulation::SimulatedStarrocks::kFrontend, 8030}};
    options.starrocks.user = "loader";
    options.starrocks.password = [] { return Secret("secret"); };
    options.starrocks.redirect_allow = {"be1:8040", "be2:8040"};
    options.allow_unknown_tables = true;
    return options;
  }

  LoadServices services() { return {client_, metrics_, labels_, permits_, options_, logger_}; }

  /// Made on first use, so that a test can change `options_` before.
  TableDirectory& directory() {
    if (!directory_) {
      auto note = [this](std::uint64_t writer, std::vector<BatchOutcome> outcomes) {
        for (BatchOutcome& outcome : outcomes) outcomes_.emplace_back(writer, std::move(outcome));
      };
      directory_ =
          std::make_unique<TableDirectory>(io_.get_executor(), services(), 1, std::move(note));
    }
    return *directory_;
  }

  boost::asio::io_context io_;
  Random random_{1};
  simulation::SimulatedStarrocks starrocks_{io_, random_, simulation::FaultPlan(random_, false)};
  MoodyTransport transport_{starrocks_};
  prometheus::Registry registry_;
  Metrics metrics_{registry_, "main", 50};
  CoreOptions options_ = default_options();
  Logger logger_;
  starrocks::Client client_{options_.starrocks, transport_, metrics_, Logger(), 1};
  LabelSource labels_{"ls", "abcdefghijkl"};
  LoadPermits permits_{8};
  std::vector<std::pair<std::uint64_t, BatchOutcome>> outcomes_;

 private:
  std::unique_ptr<TableDirectory> directory_;
};

}  // namespace loadstar::txn
