#pragma once

#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/starrocks/client.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"
#include "tests/support/scripted_transport.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <memory>
#include <string>
#include <utility>

namespace loadstar::starrocks {

/// A client over a script, under the fake clock. Frontends fe1:8030 (asked first) and fe2:8030;
/// redirects to be1:8040 and be2:8040 are allowed.
class ClientFixture : public ::testing::Test {
 protected:
  /// Keeps every line, fields included, to look for what must not be in one.
  class MemorySink final : public LogSink {
   public:
    void write(LogLevel level, std::string_view message, const LogFields& fields) override {
      text += format_log_line(LogFormat::kText, "-", level, message, fields) + "\n";
    }
    std::string text;
  };

  static constexpr const char* kPassword = "canary-password";
  /// base64 of "root:canary-password"
  static constexpr const char* kAuthorization = "Basic cm9vdDpjYW5hcnktcGFzc3dvcmQ=";

  void SetUp() override { test::reset_clock(); }

  static ClientOptions default_options() {
    ClientOptions options;
    options.load_urls = {{false, "fe1", 8030}, {false, "fe2", 8030}};
    options.user = "root";
    options.password = [] { return Secret(kPassword); };
    options.redirect_allow = {"be1:8040", "be2:8040"};
    return options;
  }

  /// The client under test; made on first use from `options`. Seed 0 asks fe1 first.
  Client& client() {
    if (!client_) {
      client_ = std::make_unique<Client>(options, over != nullptr ? *over : transport, metrics,
                                         Logger(log, LogLevel::kDebug), 0);
    }
    return *client_;
  }

  template <class T>
  T run(boost::asio::awaitable<T> task) {
    return test::run(io, std::move(task));
  }

  [[nodiscard]] static Deadline in(Clock::duration length) { return Clock::now() + length; }

  [[nodiscard]] static LoadRequest load_of(std::string label = "lbl-1") {
    LoadRequest request;
    request.table = TableName{"db", "t"};
    request.label = std::move(label);
    request.body.append(Slice::from_static("1,a\n"));
    return request;
  }

  [[nodiscard]] std::string exposition() const {
    return prometheus::TextSerializer().Serialize(registry.Collect());
  }

  boost::asio::io_context io;
  prometheus::Registry registry;
  Metrics metrics{registry, "main", 10};
  std::shared_ptr<MemorySink> log = std::make_shared<MemorySink>();
  test::ScriptedTransport transport;
  http::Transport* over = nullptr;  ///< what the client is given instead of the script itself
  ClientOptions options = default_options();

  const TableName table{"db", "t"};
  const std::chrono::seconds timeout{600};

 private:
  std::unique_ptr<Client> client_;
};

inline constexpr const char* kFe1 = "http://fe1:8030";
inline constexpr const char* kFe2 = "http://fe2:8030";
inline constexpr const char* kBe1 = "http://be1:8040";
inline constexpr const char* kBe2 = "http://be2:8040";

}  // namespace loadstar::starrocks
