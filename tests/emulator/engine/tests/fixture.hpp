#pragma once

#include "tests/emulator/engine/engine.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace emulator::test {

using Cell = std::optional<std::string>;
using Rows = std::vector<std::vector<Cell>>;

inline const Cell kNull = std::nullopt;

/// An engine in memory with a database `test`, and loads in one line.
class EngineTest : public testing::Test {
 protected:
  EngineTest() { run("CREATE DATABASE test"); }

  /// Runs DDL that must succeed.
  void run(const std::string& sql) {
    const auto error = engine_->execute(sql);
    ASSERT_FALSE(error) << error->message;
  }

  /// The error of DDL that must fail.
  std::string refusal(const std::string& sql) {
    const auto error = engine_->execute(sql);
    return error ? error->message : "(no error)";
  }

  /// Plans, appends one body, finishes; stages and publishes if the load did not fail.
  LoadResult load(const std::string& table, const Headers& headers, const std::string& body) {
    EngineError error;
    const auto plan = engine_->plan("test", table, headers, false, error);
    if (plan == nullptr) {
      ADD_FAILURE() << "not planned: " << error.message;
      return {};
    }
    plan->append(body);
    plan->end_body();
    LoadResult result = plan->finish();
    if (!result.error) {
      engine_->stage(++transaction_, *plan);
      engine_->publish(transaction_);
    }
    return result;
  }

  /// As load(), and all rows must be loaded.
  void load_ok(const std::string& table, const Headers& headers, const std::string& body) {
    const LoadResult result = load(table, headers, body);
    ASSERT_FALSE(result.error) << result.error->message << "\n"
                               << (result.error_log.empty() ? "" : result.error_log[0]);
    EXPECT_EQ(result.counters.filtered, 0) << (result.error_log.empty() ? "" : result.error_log[0]);
  }

  /// The error of a load that must not be planned.
  std::string plan_error(const std::string& table, const Headers& headers,
                         bool transaction = false) {
    EngineError error;
    const auto plan = engine_->plan("test", table, headers, transaction, error);
    return plan == nullptr ? error.message : "(no error)";
  }

  /// Rows of a query that must succeed.
  Rows query(const std::string& sql) {
    EngineError error;
    const auto result = engine_->query(sql, "test", error);
    if (!result) {
      ADD_FAILURE() << sql << ": " << error.message;
      return {};
    }
    return result->rows;
  }

  std::string query_error(const std::string& sql) {
    EngineError error;
    return engine_->query(sql, "test", error) ? "(no error)" : error.message;
  }

  std::unique_ptr<Engine> engine_ = Engine::open(":memory:");
  std::int64_t transaction_ = 0;
};

}  // namespace emulator::test
