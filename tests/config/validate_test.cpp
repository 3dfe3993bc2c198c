#include "config/validate.hpp"

#include "config/address.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

namespace loadstar::config {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

Options good_options() {
  Options options;
  options.core.starrocks.load_urls = {http::Endpoint{false, "fe", 8030}};
  options.core.starrocks.user = "loader";
  options.credentials.password_file = "/run/secrets/password";
  options.core.tables["db.t"] = TableOptions();
  return options;
}

ListenAddress address(const char* text) { return parse_listen_address(text).value(); }

/// One rule: what spoils it, and the key and a part of the message that must come out.
struct Rule {
  const char* name;
  std::function<void(Options&)> spoil;
  const char* key;
  const char* part;
  Severity severity = Severity::kError;
};

void PrintTo(const Rule& rule, std::ostream* out) { *out << rule.name; }

TableOptions& table(Options& options) { return options.core.tables["db.t"]; }

// One row per rule.
const Rule kRules[] = {
    {"GrpcNeedsAnAddress", [](Options& o) { o.listen.grpc.clear(); }, "listen.grpc", "is empty"},
    {"PublicNeedsTls", [](Options& o) { o.listen.grpc = {address("0.0.0.0:7070")}; },
     "listen.grpc[0]", "can be reached from outside without TLS"},
    {"AddressTwice",
     [](Options& o) {
       o.listen.grpc = {address("127.0.0.1:1"), address("127.0.0.1:1")};
     },
     "listen.grpc[1]", "already listened on by listen.grpc[0]"},
    {"SocketTwice",
     [](Options& o) {
       o.listen.grpc = {address("unix:/a"), address("unix:/a")};
     },
     "listen.grpc[1]", "already listened on by listen.grpc[0]"},
    {"GrpcOnTheAdminAddress", [](Options& o) { o.listen.grpc = {o.admin.listen}; },
     "listen.grpc[0]", "is the address of admin.listen too"},
    {"GrpcOnTheProbePort", [](Options& o) { o.listen.grpc = {address("127.0.0.1:7071")}; },
     "listen.grpc[0]", "is the address of admin.probe_listen too"},
    {"DoorsOnOneAddress", [](Options& o) { o.admin.listen = address("127.0.0.1:7071"); },
     "admin.listen", "is the address of admin.probe_listen too"},
    {"AdminIsLocal", [](Options& o) { o.admin.listen = address("0.0.0.0:7072"); }, "admin.listen",
     "can be reached from outside"},
    {"InsecureWithoutEffect", [](Options& o) { o.listen.insecure = true; }, "listen.insecure",
     "has no effect", Severity::kWarning},
    {"TlsOnSocketsOnly",
     [](Options& o) {
       o.listen.grpc = {address("unix:/a")};
       o.listen.tls = {true, "c", "k", "", TlsVersion::kTls12, 60s};
     },
     "listen.tls.enabled", "has no effect", Severity::kWarning},
    {"TlsNeedsACertificate",
     [](Options& o) { o.listen.tls.enabled = true, o.listen.tls.key_file = "k"; },
     "listen.tls.cert_file", "is missing"},
    {"TlsNeedsAKey", [](Options& o) { o.listen.tls.enabled = true, o.listen.tls.cert_file = "c"; },
     "listen.tls.key_file", "is missing"},
    {"TlsThatGrpcCannotEnforce",
     [](Options& o) { o.listen.tls = {true, "c", "k", "", TlsVersion::kTls13, 60s}; },
     "listen.tls.min_version", "gRPC 1.51 cannot refuse TLS 1.2"},
    {"CertificateWithoutTls", [](Options& o) { o.listen.tls.cert_file = "c"; },
     "listen.tls.cert_file", "has no effect because listen.tls.enabled is false",
     Severity::kWarning},
    {"ClientCaWithoutTls", [](Options& o) { o.listen.tls.client_ca_file = "c"; },
     "listen.tls.client_ca_file", "has no effect", Severity::kWarning},
    {"ConnectionAgeAndExactlyOnce",
     [](Options& o) { o.listen.keepalive.max_connection_age = 10min; },
     "listen.keepalive.max_connection_age", "would cut exactly-once writers off"},

    {"LoadUrlsAreRequired", [](Options& o) { o.core.starrocks.load_urls.clear(); },
     "starrocks.load_urls", "is missing"},
    {"LoadUrlTwice",
     [](Options& o) { o.core.starrocks.load_urls.push_back(o.core.starrocks.load_urls.front()); },
     "starrocks.load_urls[1]", "is listed twice"},
    {"TlsEnabledMeansHttps", [](Options& o) { o.starrocks_tls_required = true; },
     "starrocks.load_urls[0]", "is not https"},
    {"StarrocksCaWithoutHttps", [](Options& o) { o.core.pool.tls.ca_file = "c"; },
     "starrocks.tls.ca_file", "has no effect", Severity::kWarning},
    {"StarrocksNameWithoutHttps", [](Options& o) { o.core.pool.tls.server_name = "c"; },
     "starrocks.tls.server_name", "has no effect", Severity::kWarning},
    {"SkipVerify",
     [](Options& o) {
       o.core.starrocks.load_urls[0].tls = true;
       o.core.pool.tls.insecure_skip_verify = true;
     },
     "starrocks.tls.insecure_skip_verify", "certificates are not verified", Severity::kWarning},
    {"ClientCertificateNeedsAKey", [](Options& o) { o.core.pool.tls.cert_file = "c"; },
     "starrocks.tls.key_file", "is missing"},
    {"ClientKeyNeedsACertificate", [](Options& o) { o.core.pool.tls.key_file = "k"; },
     "starrocks.tls.cert_file", "is missing"},
    {"UserIsRequired", [](Options& o) { o.core.starrocks.user.clear(); }, "starrocks.user",
     "is missing"},
    {"UserWithoutColon", [](Options& o) { o.core.starrocks.user = "a:b"; }, "starrocks.user",
     "has a colon"},
    {"OnePassword", [](Options& o) { o.credentials.password = Secret("x"); }, "starrocks.password",
     "is set beside starrocks.password_file"},
    {"PlainPassword",
     [](Options& o) {
       o.credentials.password_file.clear();
       o.credentials.password = Secret("x");
     },
     "starrocks.password", "use password_file", Severity::kWarning},
    {"NoPassword", [](Options& o) { o.credentials.password_file.clear(); },
     "starrocks.password_file", "no password is set", Severity::kWarning},
    {"NameOfTheCluster", [](Options& o) { o.core.starrocks.name.clear(); }, "starrocks.name",
     "is empty"},
    {"MapNeedsEntries",
     [](Options& o) { o.core.starrocks.redirect_policy = starrocks::RedirectPolicy::kMap; },
     "starrocks.redirect_map", "is empty"},
    {"MapWithoutEffect",
     [](Options& o) {
       o.core.starrocks.redirect_policy = starrocks::RedirectPolicy::kProxyOnly;
       o.core.starrocks.redirect_map = {{"a:1", "b:2"}};
     },
     "starrocks.redirect_map", "has no effect", Severity::kWarning},
    {"AllowWithoutEffect",
     [](Options& o) {
       o.core.starrocks.redirect_policy = starrocks::RedirectPolicy::kProxyOnly;
       o.core.starrocks.redirect_allow = {"a:1"};
     },
     "starrocks.redirect_allow", "has no effect", Severity::kWarning},
    {"MapOfHostPorts",
     [](Options& o) {
       o.core.starrocks.redirect_map = {{"a", "b:2"}};
     },
     "starrocks.redirect_map.a", "must map host:port to host:port"},
    {"AllowPattern",
     [](Options& o) {
       o.core.starrocks.redirect_allow = {"a:1", "*"};
     },
     "starrocks.redirect_allow[1]", "has no port"},
    {"BreakerTimes", [](Options& o) { o.core.starrocks.circuit_breaker.max_open_for = 1s; },
     "starrocks.circuit_breaker.max_open_for", "is shorter than open_for (10s)"},
    {"LabelPrefixEmpty", [](Options& o) { o.core.label_prefix = ""; }, "starrocks.label_prefix",
     "1 to 16 letters"},
    {"LabelPrefixLong", [](Options& o) { o.core.label_prefix = std::string(17, 'a'); },
     "starrocks.label_prefix", "1 to 16 letters"},
    {"LabelPrefixDash", [](Options& o) { o.core.label_prefix = "a-b"; }, "starrocks.label_prefix",
     "1 to 16 letters"},
    {"PreparedTimeoutShort", [](Options& o) { o.core.times.prepared_timeout = 60s; },
     "starrocks.prepared_timeout", "is shorter than transaction_timeout (1h)", Severity::kWarning},

    {"MemoryHoldsAMessage", [](Options& o) { o.core.limits.memory = 31_MiB; }, "limits.memory",
     "does not hold one message"},
    {"MemoryHoldsTheTables", [](Options& o) { o.core.limits.memory = 64_MiB; }, "limits.memory",
     "loads will be triggered by memory", Severity::kWarning},
    {"AckIntervals", [](Options& o) { o.core.limits.ack_min_interval = 2s; },
     "limits.ack_min_interval", "is longer than ack_interval (1s)"},
    {"IdleTimeout", [](Options& o) { o.core.limits.idle_stream_timeout = 1s; },
     "limits.idle_stream_timeout", "must be longer than ack_interval"},
    {"DeadlineBeforeGrace", [](Options& o) { o.shutdown.deadline = 30s; }, "shutdown.deadline",
     "is not shorter than grace (30s)"},
    {"MarginBeforeGrace", [](Options& o) { o.shutdown.margin = 30s; }, "shutdown.margin",
     "is not shorter than grace (30s)"},
    {"RangeOfADaemonOption", [](Options& o) { o.core.max_loads = 257; }, "starrocks.max_loads",
     "`257` is out of range; it must be in 1..256"},
    {"RangeOfADefault", [](Options& o) { o.core.defaults.parallelism = 0; }, "defaults.parallelism",
     "`0` is out of range; it must be in 1..64"},
    {"RangeOfATableOption", [](Options& o) { table(o).flush.jitter_percent = 51; },
     "tables.db.t.flush.jitter", "`51%` is out of range; it must be in 0%..50%"},
    {"ManyLoads", [](Options& o) { o.instance.expected_replicas = 300; },
     "tables.db.t.flush.max_ack_wait", "make 60.0 loads a second of one table", Severity::kWarning},

    {"NoTables", [](Options& o) { o.core.tables.clear(); }, "tables", "every batch is refused",
     Severity::kWarning},
    {"TableNameWithoutDot", [](Options& o) { o.core.tables["orders"]; }, "tables.orders",
     "must be DATABASE.TABLE"},
    {"TableNameWithTwoDots", [](Options& o) { o.core.tables["a.b.c"]; }, "tables.a.b.c",
     "must be DATABASE.TABLE"},
    {"TableNameWithoutTable", [](Options& o) { o.core.tables["a."]; }, "tables.a.",
     "must be DATABASE.TABLE"},
    {"TableNameWithoutDatabase", [](Options& o) { o.core.tables[".b"]; }, "tables..b",
     "must be DATABASE.TABLE"},
    {"TableNameWithSlash", [](Options& o) { o.core.tables["a.b/c"]; }, "tables.a.b/c",
     "must be DATABASE.TABLE"},
    {"TableNameWithLineBreak", [](Options& o) { o.core.tables["a.b\nc"]; }, "tables.a.b\nc",
     "must be DATABASE.TABLE"},
    {"AckWaitWithinInterval", [](Options& o) { table(o).flush.interval = 4s; },
     "tables.db.t.flush.max_ack_wait", "5s is longer than interval (4s)"},
    {"RetryTimes", [](Options& o) { table(o).retry.max_interval = 500ms; },
     "tables.db.t.retry.max_interval", "is shorter than initial_interval (1s)"},
    {"SmallFlush", [](Options& o) { table(o).flush.max_bytes = 63_MiB; },
     "tables.db.t.flush.max_bytes", "63MiB is less than 64MiB", Severity::kWarning},
    {"TimeZone", [](Options& o) { table(o).time_zone = "over there"; }, "tables.db.t.time_zone",
     "is not a time zone"},
    {"ColumnsWithControlByte", [](Options& o) { table(o).columns = "a,\nb"; },
     "tables.db.t.properties.columns", "has a control byte"},
    {"ExactlyOnceNeedsTransactions",
     [](Options& o) {
       table(o).delivery = DeliveryOption::kExactlyOnce;
       table(o).protocol = Protocol::kStreamLoad;
     },
     "tables.db.t.protocol", "stream_load cannot be exactly-once"},
    {"EncloseAndExactlyOnce",
     [](Options& o) {
       table(o).delivery = DeliveryOption::kExactlyOnce;
       table(o).properties["enclose"] = "'";
     },
     "tables.db.t.properties.enclose", "delivery is exactly_once"},
    {"EncloseAndTransaction",
     [](Options& o) {
       table(o).protocol = Protocol::kTransaction;
       table(o).properties["enclose"] = "'";
     },
     "tables.db.t.properties.enclose", "protocol is transaction"},
    {"EscapeAndTransaction",
     [](Options& o) {
       table(o).protocol = Protocol::kTransaction;
       table(o).properties["escape"] = "'";
     },
     "tables.db.t.properties.escape", "protocol is transaction"},
    {"TrimSpaceAndTransaction",
     [](Options& o) {
       table(o).protocol = Protocol::kTransaction;
       table(o).properties["trim_space"] = "true";
     },
     "tables.db.t.properties.trim_space", "protocol is transaction"},
    {"RejectedRecordsAndTransaction",
     [](Options& o) {
       table(o).protocol = Protocol::kTransaction;
       table(o).pinned["log_rejected_record_num"] = "-1";
     },
     "tables.db.t.pinned.log_rejected_record_num", "protocol is transaction"},
    {"MergeCommitAndExactlyOnce",
     [](Options& o) {
       table(o).delivery = DeliveryOption::kExactlyOnce;
       table(o).properties = {{"enable_merge_commit", "true"},
                              {"merge_commit_interval_ms", "1"},
                              {"merge_commit_parallel", "1"}};
     },
     "tables.db.t.properties.enable_merge_commit", "cannot be exactly-once"},
    {"MergeCommitAndTransaction",
     [](Options& o) {
       table(o).protocol = Protocol::kTransaction;
       table(o).properties = {{"enable_merge_commit", "true"},
                              {"merge_commit_interval_ms", "1"},
                              {"merge_commit_parallel", "1"}};
     },
     "tables.db.t.properties.enable_merge_commit", "protocol is transaction"},
    {"MergeCommitIsIncomplete",
     [](Options& o) {
       table(o).properties = {{"enable_merge_commit", "true"}, {"merge_commit_parallel", "1"}};
     },
     "tables.db.t.properties.enable_merge_commit", "needs `merge_commit_interval_ms`"},
    {"MergeCommitKnobWithoutIt",
     [](Options& o) { table(o).properties["merge_commit_parallel"] = "2"; },
     "tables.db.t.properties.merge_commit_parallel", "has no effect", Severity::kWarning},
    {"MergeCommitWithFilter",
     [](Options& o) {
       table(o).properties = {{"enable_merge_commit", "true"},
                              {"merge_commit_interval_ms", "1"},
                              {"merge_commit_parallel", "1"},
                              {"max_filter_ratio", "0.1"}};
     },
     "tables.db.t.properties.max_filter_ratio", "does not say how many"},
    {"MergeCommitPlain",
     [](Options& o) {
       table(o).compression = Compression::kZstd;
       table(o).properties = {{"enable_merge_commit", "true"},
                              {"merge_commit_interval_ms", "1"},
                              {"merge_commit_parallel", "1"}};
     },
     "tables.db.t.compression", "merged loads go plain", Severity::kWarning},
    {"MergeCommitAsync", [](Options& o) { table(o).properties["merge_commit_async"] = "true"; },
     "tables.db.t.properties.merge_commit_async", "must be false"},
    {"PartialUpdateAndKeyModel",
     [](Options& o) {
       table(o).key_model = KeyModel::kDuplicate;
       table(o).properties["partial_update"] = "true";
     },
     "tables.db.t.properties.partial_update", "works on primary key tables only"},
    {"MergeConditionAndKeyModel",
     [](Options& o) {
       table(o).key_model = KeyModel::kAggregate;
       table(o).properties["merge_condition"] = "score";
     },
     "tables.db.t.properties.merge_condition", "works on primary key tables only"},
    {"NegativeAndKeyModel",
     [](Options& o) {
       table(o).key_model = KeyModel::kPrimary;
       table(o).properties["negative"] = "true";
     },
     "tables.db.t.properties.negative", "does not work on primary key tables"},
    {"DeletesAndKeyModel",
     [](Options& o) {
       table(o).key_model = KeyModel::kUnique;
       table(o).ignore_update_before = false;
     },
     "tables.db.t.ignore_update_before", "must be true"},
    {"UpdateModeWithoutPartialUpdate",
     [](Options& o) { table(o).properties["partial_update_mode"] = "row"; },
     "tables.db.t.properties.partial_update_mode", "has no effect", Severity::kWarning},
    {"FilterRatio", [](Options& o) { table(o).properties["max_filter_ratio"] = "0.01"; },
     "tables.db.t.properties.max_filter_ratio", "drops bad rows quietly", Severity::kWarning},
    {"SeparatorsAreDifferent", [](Options& o) { table(o).properties["column_separator"] = "\\n"; },
     "tables.db.t.properties.column_separator", "is the same as the other separator"},
    {"SeparatorIsHexadecimal", [](Options& o) { table(o).properties["row_delimiter"] = "\\x1"; },
     "tables.db.t.properties.row_delimiter", "has no even number"},
    {"SeparatorBelow80", [](Options& o) { table(o).properties["row_delimiter"] = "\\xFF"; },
     "tables.db.t.properties.row_delimiter", "above 0x7F"},
    {"BooleanProperty", [](Options& o) { table(o).properties["strict_mode"] = "yes"; },
     "tables.db.t.properties.strict_mode", "`yes` is not a boolean"},
    {"RatioProperty", [](Options& o) { table(o).properties["max_filter_ratio"] = "1.5"; },
     "tables.db.t.properties.max_filter_ratio", "`1.5` is not a decimal number from 0 to 1"},
    {"PropertyWithLineBreak",
     [](Options& o) { table(o).properties["where"] = "a\r\nAuthorization: x"; },
     "tables.db.t.properties.where", "has a control byte"},
    {"OwnedProperty", [](Options& o) { o.core.defaults.properties["Label"] = "x"; },
     "defaults.properties.Label", "use `starrocks.label_prefix`"},
    {"OwnedTimeout", [](Options& o) { o.core.defaults.properties["timeout"] = "5"; },
     "defaults.properties.timeout", "use `starrocks.request_timeout`"},
    {"OwnedArrayFlag", [](Options& o) { table(o).properties["strip_outer_array"] = "true"; },
     "tables.db.t.properties.strip_outer_array", "is set by the daemon"},
    {"HeaderOfDoris", [](Options& o) { table(o).properties["two_phase_commit"] = "true"; },
     "tables.db.t.properties.two_phase_commit", "is a header of Doris"},
    {"UnknownProperty", [](Options& o) { table(o).properties["max_filter_ratoi"] = "0"; },
     "tables.db.t.properties.max_filter_ratoi",
     "unknown property; did you mean `max_filter_ratio`?"},
    {"UnknownPinnedProperty", [](Options& o) { o.core.defaults.pinned["timezon"] = "UTC"; },
     "defaults.pinned.timezon", "unknown property; did you mean `timezone`?"},
    {"PinnedFormat", [](Options& o) { o.core.defaults.pinned["format"] = "csv"; },
     "defaults.pinned.format", "cannot be pinned"},
};

class ValidateRuleTest : public ::testing::TestWithParam<Rule> {};

TEST_P(ValidateRuleTest, IsToldWithItsKey) {
  Options options = good_options();
  GetParam().spoil(options);
  const auto problems = validate(options);
  std::string all;
  bool found = false;
  for (const Problem& problem : problems) {
    all += problem.key + ": " + problem.message + "\n";
    found = found || (problem.key == GetParam().key && problem.severity == GetParam().severity &&
                      problem.message.find(GetParam().part) != std::string::npos);
  }
  EXPECT_TRUE(found) << "got:\n" << all;
  // A spoilt value is not blamed on others, but for what follows from it.
  EXPECT_LE(problems.size(), 2U) << all;
}

INSTANTIATE_TEST_SUITE_P(Rules, ValidateRuleTest, ::testing::ValuesIn(kRules),
                         [](const auto& test) { return std::string(test.param.name); });

std::string messages(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += problem.key + ": " + problem.message + "\n";
  return text;
}

TEST(ValidateTest, GoodOptionsHaveNoProblem) { EXPECT_EQ(messages(validate(good_options())), ""); }

TEST(ValidateTest, DefaultOptionsLackOnlyWhatHasNoDefault) {
  const auto problems = validate(Options());
  std::string errors;
  for (const Problem& problem : problems) {
    if (problem.severity == Severity::kError) errors += problem.key + " ";
  }
  EXPECT_EQ(errors, "starrocks.load_urls starrocks.user ");
}

TEST(ValidateTest, PublicListenersNeedOnlyOneOfTheTwoPermits) {
  Options options = good_options();
  options.listen.grpc = {address("0.0.0.0:7070")};
  options.listen.insecure = true;
  EXPECT_EQ(messages(validate(options)), "");
  options.listen.insecure = false;
  options.listen.tls = {true, "c", "k", "", TlsVersion::kTls13, 60s};
  EXPECT_EQ(messages(validate(options)), "");
}

TEST(ValidateTest, AnyNumberOfListenersMayAskForAFreePort) {
  Options options = good_options();
  options.listen.grpc = {address("127.0.0.1:0"), address("127.0.0.1:0")};
  options.admin.listen = address("127.0.0.1:0");
  options.admin.probe_listen = address("127.0.0.1:0");
  EXPECT_EQ(messages(validate(options)), "");
}

TEST(ValidateTest, ConnectionAgeIsAllowedWhereAllIsAtLeastOnce) {
  Options options = good_options();
  options.listen.keepalive.max_connection_age = 10min;
  table(options).delivery = DeliveryOption::kAtLeastOnce;
  EXPECT_EQ(messages(validate(options)), "");
  options.core.allow_unknown_tables = true;  // then the defaults count
  EXPECT_NE(messages(validate(options)), "");
  options.core.defaults.delivery = DeliveryOption::kAtLeastOnce;
  EXPECT_EQ(messages(validate(options)), "");
}

TEST(ValidateTest, WhatIsWrongWithTheDefaultsIsSaidOnce) {
  Options options = good_options();
  options.core.defaults.retry.max_interval = 1ms;
  options.core.defaults.properties["wher"] = "x";
  options.core.tables = {{"a.b", options.core.defaults}, {"a.c", options.core.defaults}};
  EXPECT_EQ(messages(validate(options)),
            "defaults.retry.max_interval: `1ms` is out of range; it must be in 10ms..1h\n"
            "defaults.retry.max_interval: 1ms is shorter than initial_interval (1s)\n"
            "defaults.properties.wher: unknown property; did you mean `where`?\n");
}

TEST(ValidateTest, PlainStreamLoadPropertiesAreFineElsewhere) {
  Options options = good_options();
  table(options).properties["enclose"] = "\"";
  table(options).properties["enable_merge_commit"] = "false";
  EXPECT_EQ(messages(validate(options)), "");
  table(options).protocol = Protocol::kStreamLoad;
  EXPECT_EQ(messages(validate(options)), "");
}

}  // namespace
}  // namespace loadstar::config
