#include "config/load.hpp"

#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::config {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using testing::made_up;
using testing::summary;
using testing::TemporaryDirectory;
using testing::usable;

/// Options of a file that must be usable.
Options options_of(const std::string& text, std::map<std::string, std::string> environment = {}) {
  const Loaded loaded = load_text(text, "f", made_up(std::move(environment)));
  EXPECT_TRUE(loaded.options.has_value()) << render_problems(loaded.problems);
  return loaded.options.value_or(Options());
}

std::string problems_of(const std::string& text) {
  return summary(load_text(text, "f", made_up()));
}

TEST(LoadTest, TheLeastFileHasAllDefaults) {
  const Options options = options_of(usable());
  EXPECT_EQ(options.core.starrocks.load_urls, (std::vector<http::Endpoint>{{false, "fe", 8030}}));
  EXPECT_EQ(options.core.starrocks.user, "loader");
  EXPECT_EQ(options.core.starrocks.password().reveal(), "hunter2-canary");
  EXPECT_TRUE(options.core.allow_unknown_tables);
  EXPECT_EQ(options.core.defaults.flush.max_bytes, 90_MiB);
  EXPECT_EQ(options.core.defaults.properties.at("strict_mode"), "true");
  EXPECT_EQ(options.listen.grpc, (std::vector<ListenAddress>{{"127.0.0.1", 7070, ""}}));
}

TEST(LoadTest, EveryKindOfValueReachesItsPlace) {
  const Options options = options_of(usable(R"yaml(
listen:
  grpc: ["[::1]:0", unix:/run/x.sock]
  max_message: 1MiB
  reflection: false
admin: {startup: {require_starrocks: true, starrocks_timeout: 5s}}
defaults:
  delivery: at_least_once
  flush: {jitter: 0%, max_rows: 17}
  retry: {multiplier: 1.5}
  key_model: primary
  properties: {format: json, columns: "a,b=upper(a)", timezone: +08:00}
limits: {memory: 64MiB, threads: 3, memory_soft: 55%}
log: {level: debug, format: json}
)yaml"));
  EXPECT_EQ(options.listen.grpc,
            (std::vector<ListenAddress>{{"::1", 0, ""}, {"", 0, "/run/x.sock"}}));
  EXPECT_EQ(options.core.limits.max_message, 1_MiB);
  EXPECT_FALSE(options.listen.reflection);
  EXPECT_TRUE(options.admin.startup_requires_starrocks);
  EXPECT_EQ(options.admin.startup_timeout, 5s);
  EXPECT_EQ(options.core.defaults.delivery, DeliveryOption::kAtLeastOnce);
  EXPECT_EQ(options.core.defaults.flush.jitter_percent, 0U);
  EXPECT_EQ(options.core.defaults.flush.max_rows, 17U);
  EXPECT_DOUBLE_EQ(options.core.defaults.retry.multiplier, 1.5);
  EXPECT_EQ(options.core.defaults.key_model, KeyModel::kPrimary);
  EXPECT_EQ(options.core.defaults.format, RowFormat::kJson);
  EXPECT_EQ(options.core.defaults.columns, "a,b=upper(a)");
  EXPECT_EQ(options.core.defaults.properties,
            (std::map<std::string, std::string>{{"strict_mode", "true"}, {"timezone", "+08:00"}}));
  EXPECT_EQ(options.core.limits.memory, 64_MiB);
  EXPECT_EQ(options.threads, 3U);
  EXPECT_EQ(options.core.limits.memory_soft_percent, 55U);
  EXPECT_EQ(options.log.level, LogLevel::kDebug);
  EXPECT_EQ(options.log.format, LogFormatOption::kJson);
}

TEST(LoadTest, TablesAreMergedOverTheDefaultsWhereverTheseStand) {
  const Options options = options_of(usable(R"yaml(
tables:
  sales.orders:
    parallelism: 4
    properties: {where: "a > 1", max_filter_ratio: "0.5"}
    pinned: {warehouse: small}
  sales.plain:
defaults:
  parallelism: 2
  max_isolation_loads: 7
  properties: {max_filter_ratio: "0.1", timezone: UTC, strict_mode: "false"}
)yaml"));
  const TableOptions& orders = options.core.tables.at("sales.orders");
  EXPECT_EQ(orders.parallelism, 4U);
  EXPECT_EQ(orders.max_isolation_loads, 7U);
  EXPECT_EQ(orders.properties, (std::map<std::string, std::string>{{"where", "a > 1"},
                                                                   {"max_filter_ratio", "0.5"},
                                                                   {"timezone", "UTC"},
                                                                   {"strict_mode", "false"}}));
  EXPECT_EQ(orders.pinned, (std::map<std::string, std::string>{{"warehouse", "small"}}));
  EXPECT_EQ(options.core.tables.at("sales.plain").parallelism, 2U);
  EXPECT_EQ(options.core.table("sales", "orders"), &orders);
}

TEST(LoadTest, ListsReplace) {
  const Options options = options_of(usable("listen: {grpc: [127.0.0.1:1]}\n"));
  EXPECT_EQ(options.listen.grpc, (std::vector<ListenAddress>{{"127.0.0.1", 1, ""}}));
}

/// architecture.md 7, Ages.
TEST(LoadTest, MaxAckWaitIsOffWhereIntervalIsSetAlone) {
  const auto wait = [](const std::string& defaults, const std::string& table) {
    const Options options = options_of(
        usable("defaults: {flush: {" + defaults + "}}\ntables: {a.b: {flush: {" + table + "}}}\n"));
    return std::pair(options.core.defaults.flush.max_ack_wait,
                     options.core.tables.at("a.b").flush.max_ack_wait);
  };
  EXPECT_EQ(wait("", ""), std::pair(5'000ms, 5'000ms));
  EXPECT_EQ(wait("", "interval: 30s"), std::pair(5'000ms, 0ms));
  EXPECT_EQ(wait("", "interval: 30s, max_ack_wait: 2s"), std::pair(5'000ms, 2'000ms));
  EXPECT_EQ(wait("interval: 30s", ""), std::pair(0ms, 0ms));
  EXPECT_EQ(wait("interval: 30s", "max_ack_wait: 1s"), std::pair(0ms, 1'000ms));
  EXPECT_EQ(wait("interval: 30s, max_ack_wait: 3s", ""), std::pair(3'000ms, 3'000ms));
  EXPECT_EQ(wait("interval: 30s, max_ack_wait: 3s", "interval: 20s"), std::pair(3'000ms, 0ms));
  EXPECT_EQ(wait("max_ack_wait: 3s", ""), std::pair(3'000ms, 3'000ms));
}

TEST(LoadTest, PropertyValuesAreTextWhateverYamlTakesThemFor) {
  const Options options =
      options_of(usable("defaults: {properties: {partial_update: true, load_mem_limit: 010, "
                        "max_filter_ratio: 0.10}}\n"));
  const auto& properties = options.core.defaults.properties;
  EXPECT_EQ(properties.at("partial_update"), "true");
  EXPECT_EQ(properties.at("load_mem_limit"), "010");
  EXPECT_EQ(properties.at("max_filter_ratio"), "0.10");
}

/// starrocks-load-protocol.md 11.2: header parsing loses blanks and tabs at the ends.
TEST(LoadTest, SeparatorsThatAHeaderWouldLoseBecomeHexadecimal) {
  const auto separator = [](const std::string& yaml) {
    return options_of(usable("defaults: {properties: {column_separator: " + yaml + "}}\n"))
        .core.defaults.properties.at("column_separator");
  };
  EXPECT_EQ(separator("\"\\t\""), "\\x09");
  EXPECT_EQ(separator("'\\t'"), "\\t");
  EXPECT_EQ(separator("\" | \""), "\\x207C20");
  EXPECT_EQ(separator("\"\\x01\""), "\\x01");
  EXPECT_EQ(separator("'\\x01'"), "\\x01");
  EXPECT_EQ(separator("\"|\""), "|");
}

TEST(LoadTest, ValuesFromTheEnvironmentAreTypedAndNeverBecomeYaml) {
  const Options options =
      options_of(usable("shutdown: {grace: \"${env:GRACE:-40s}\", deadline: \"${env:DEADLINE}\"}\n"
                        "instance: {id: \"${env:ID}\"}\n"),
                 {{"DEADLINE", "7s"}, {"ID", "a: {b: [c]} # d"}});
  EXPECT_EQ(options.shutdown.grace, 40s);
  EXPECT_EQ(options.shutdown.deadline, 7s);
  EXPECT_EQ(options.instance.id, "a: {b: [c]} # d");
}

TEST(LoadTest, InjectionAttemptsStayText) {
  const std::string text = usable("instance: {id: \"${env:ID}\"}\n");
  for (const char* value : {"x\nlisten: {insecure: true}", "x\r\nlisten:", "\tx", "x\x01"}) {
    const Loaded loaded = load_text(text, "f", made_up({{"ID", value}}));
    EXPECT_FALSE(loaded.options) << value;
    EXPECT_EQ(summary(loaded),
              "4:16 error instance.id: the value of `${env:ID}` has a control byte; remove line "
              "breaks and tabs\n");
  }
  for (const char* value : {"\", evil: \"", "}", "*a", "!!int 3", "0123", "null", "${env:OTHER}"}) {
    EXPECT_EQ(options_of(text, {{"ID", value}}).instance.id, value);
  }
}

TEST(LoadTest, PasswordsKeepTheirDollarsAndZeros) {
  for (const char* yaml : {"pa$$word", "0123", "'$1$2'", "\"a$\"", "'#'", "yes"}) {
    std::string expected = yaml;
    std::erase_if(expected, [](char character) { return character == '\'' || character == '"'; });
    const Options options =
        options_of(std::string("version: 1\nunknown_tables: allow_with_defaults\n"
                               "starrocks: {load_urls: [http://a:1], user: u, password: ") +
                   yaml + "}\n");
    EXPECT_EQ(options.core.starrocks.password().reveal(), expected);
  }
}

TEST(LoadTest, AllProblemsAreToldAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(
      problems_of("version: 1\n"
                  "listen: {max_message: 5}\n"
                  "starrocks:\n"
                  "  load_urls: [http://fe]\n"
                  "  user: u\n"
                  "  password: p\n"
                  "  conect_timeout: 1s\n"
                  "  connect_timeout: 1ms\n"
                  "unknown_tables: allow_with_defaults\n"
                  "unknown_tables: reject\n"
                  "shutdown: {grace: 10s}\n"),
      "2:23 error listen.max_message: `5` has no unit; write a whole number with B, KiB, MiB, GiB, "
      "KB, MB "
      "or GB, such as 90MiB\n"
      "4:15 error starrocks.load_urls[0]: `http://fe` has no port; write host:port\n"
      "7:3 error starrocks.conect_timeout: unknown key; did you mean `connect_timeout`?\n"
      "8:20 error starrocks.connect_timeout: `1ms` is out of range; it must be in 100ms..1m\n"
      "10:1 error unknown_tables: duplicate key; it is already set in line 9, keep one of them\n"
      "11:19 error shutdown.deadline: 25s is not shorter than grace (10s); SIGKILL would come "
      "first\n");
}

TEST(LoadTest, MisspeltKeysGetASuggestion) {
  const auto message = [](const std::string& more) {
    const Loaded loaded = load_text(usable(more), "f", made_up());
    return loaded.problems.empty() ? "" : loaded.problems.back().message;
  };
  EXPECT_EQ(message("listn: {}\n"), "unknown key; did you mean `listen`?");
  EXPECT_EQ(message("default: {}\n"), "unknown key; did you mean `defaults`?");
  EXPECT_EQ(message("label_prefix: x\n"), "unknown key; did you mean `starrocks.label_prefix`?");
  EXPECT_EQ(message("defaults: {sink.buffer-flush.max-rows: 5}\n"),
            "unknown key; did you mean `defaults.flush.max_rows`?");
  EXPECT_EQ(message("tables: {a.b: {sink.properties.where: 5}}\n"),
            "unknown key; did you mean `tables.a.b.properties.where`?");
  EXPECT_EQ(message("defaults: {flush.interval: 5s}\n"),
            "unknown key; each part of it is a key of its own, nested in the one before");
  EXPECT_EQ(message("shutdown: {zzzzzzzz: 1}\n"),
            "unknown key; known here: grace, margin, deadline");
}

/// Keys of operations.md 5 that architecture.md 7 drops, or that come later.
TEST(LoadTest, WhatIsSaidOfALongLineIsShort) {
  const std::string rubbish(100'000, 'x');
  for (const std::string& line :
       {rubbish + ": 1\n", "log: {level: " + rubbish + "}\n", "log: [" + rubbish + "\n"}) {
    const Loaded loaded = load_text(usable(line), "f", made_up());
    EXPECT_FALSE(loaded.options.has_value());
    EXPECT_LT(render_problems(loaded.problems).size(), 2000U) << line.substr(0, 20);
  }
}

TEST(LoadTest, KeysOfOtherVersionsAreUnknown) {
  for (const char* key : {"spool", "dlq", "auth", "tracing", "state_dir", "ack"}) {
    EXPECT_NE(
        problems_of(usable(std::string(key) + ": {}\n")).find(std::string(key) + ": unknown key"),
        std::string::npos)
        << key;
  }
}

TEST(LoadTest, TheVersionIsRequiredAndKnown) {
  EXPECT_NE(
      problems_of("starrocks: {}\n").find("1:1 error version: is missing; write `version: 1`"),
      std::string::npos);
  EXPECT_NE(problems_of("version: 2\n")
                .find("1:10 error version: `2` is not a version that this program reads"),
            std::string::npos);
}

TEST(LoadTest, AFileThatIsNoMapIsRefused) {
  for (const char* text : {"just text\n", "[a, b]\n", "42"}) {
    EXPECT_NE(problems_of(text).find("the file must be a map"), std::string::npos) << text;
  }
}

TEST(LoadTest, AFileThatCannotBeReadIsAProblem) {
  const Loaded loaded = load_file("/nowhere/loadstar.yaml", made_up());
  EXPECT_FALSE(loaded.options);
  EXPECT_EQ(render_problems(loaded.problems),
            "/nowhere/loadstar.yaml: error: the file cannot be read: No such file or directory\n"
            "1 error, 0 warnings\n");
}

TEST(LoadTest, AFileOfMoreThanOneMebibyteIsRefused) {
  const TemporaryDirectory directory;
  const auto path = directory.write("f.yaml", std::string((1U << 20U) + 1, '#'));
  EXPECT_NE(summary(load_file(path, made_up())).find("is larger than 1048576 bytes"),
            std::string::npos);
}

TEST(LoadTest, WarningsDoNotRefuse) {
  const Loaded loaded = load_text(usable("defaults: {flush: {max_bytes: 1MiB}}\n"), "f", made_up());
  EXPECT_TRUE(loaded.options);
  EXPECT_NE(summary(loaded).find("warning defaults.flush.max_bytes: 1MiB is less than 64MiB"),
            std::string::npos);
}

}  // namespace
}  // namespace loadstar::config
