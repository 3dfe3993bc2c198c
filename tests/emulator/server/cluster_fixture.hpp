#pragma once

#include "tests/emulator/server/emulator.hpp"
#include "tests/emulator/server/http_client.hpp"
#include "tests/emulator/server/json.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace emulator::testing {

/// `Authorization` of root without a password.
inline constexpr const char* kRoot = "Basic cm9vdDo=";

/// The table of the vectors: test_db.table1, duplicate key; and single(id), whose rows can be one
/// byte.
[[nodiscard]] std::string vector_ddl();

/// Options with one BE, the tables above and their database.
[[nodiscard]] Options vector_options();

/// A started emulator and the requests that tests make of it. All helpers fail the test by
/// exception when no answer comes.
class TestCluster {
 public:
  explicit TestCluster(Options options);

  [[nodiscard]] Emulator& operator*() { return emulator_; }
  [[nodiscard]] Emulator* operator->() { return &emulator_; }

  /// A transaction operation sent straight to a BE.
  Reply at_backend(const std::string& operation, const std::string& label, HeaderList more = {},
                   const std::string& body = "", std::size_t backend = 0);
  /// The same at the leader FE, redirects not followed.
  Reply at_frontend(const std::string& operation, const std::string& label, HeaderList more = {});
  /// Stream Load straight to a BE.
  Reply stream_load(const std::string& label, const std::string& body, HeaderList more = {},
                    std::size_t backend = 0);
  Reply get(std::uint16_t port, const std::string& target);

  /// begin, one load of `body` (CSV with commas), all at the BE.
  void open_transaction(const std::string& label, const std::string& body = "1,a,2\n",
                        std::size_t backend = 0);
  /// ... and prepare.
  void prepare_transaction(const std::string& label);

  /// Waits until `label` of test_db is in `state`; throws if it does not get there.
  void await_state(const std::string& label, const std::string& state);
  /// Waits until `condition` holds; throws if it does not within 20 seconds.
  static void await(const std::function<bool()>& condition);

  /// Rows of `SELECT COUNT(*)`.
  std::string count_rows(const std::string& table = "test_db.table1");

 private:
  Emulator emulator_;
};

/// The body of an answer as JSON.
[[nodiscard]] Json json_of(const Reply& reply);
/// Its `Status` (or `status`).
[[nodiscard]] std::string status_of(const Reply& reply);
[[nodiscard]] std::string message_of(const Reply& reply);

}  // namespace emulator::testing
