// The headers of step 12 and how they are refused (4.2).
#include "tests/emulator/engine/tests/fixture.hpp"

namespace emulator::test {
namespace {

class LoadHeaders : public EngineTest {
 protected:
  LoadHeaders() {
    run("CREATE TABLE test.t (a INT, at DATETIME DEFAULT CURRENT_TIMESTAMP) DUPLICATE KEY(a)");
  }
};

TEST_F(LoadHeaders, Refused) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"format", "orc", "unknown data format, format=orc"},
      {"strict_mode", "yes", "Invalid strict mode format. Must be bool type"},
      {"trim_space", "1", "Invalid trim space format. Must be bool type"},
      {"partial_update", "x", "Invalid partial update flag format. Must be bool type"},
      {"skip_header", "-1", "skip_header must be equal or greater than 0"},
      {"skip_header", "x", "Invalid csv load skip_header format"},
      {"load_mem_limit", "-1", "load_mem_limit must be equal or greater than 0"},
      {"load_mem_limit", "x", "Invalid load mem limit format"},
      {"exec_mem_limit", "0", "exec_mem_limit must be greater than 0"},
      {"load_dop", "x", "Invalid load_dop format"},
      {"log_rejected_record_num", "-2", "log_rejected_record_num must be equal or greater than -1"},
      {"log_rejected_record_num", "x", "Invalid log_rejected_record_num format"},
      {"timezone", "Mars/Base", "Unknown or incorrect time zone: 'Mars/Base'"},
      {"timezone", "+25:00", "Unknown or incorrect time zone: '+25:00'"},
      {"timezone", "../etc/passwd", "Unknown or incorrect time zone: '../etc/passwd'"},
      {"json_root", "a.b", "Invalid json path: a.b"},
  };
  for (const auto& [name, value, message] : cases)
    EXPECT_EQ(plan_error("t", {{name, value}}), message) << name << ": " << value;
  EXPECT_EQ(plan_error("t", {{"partitions", "p"}, {"temporary_partitions", "q"}}),
            "Can not specify both partitions and temporary partitions");
  EXPECT_EQ(plan_error("nope", {}), "unknown table \"test.nope\"");
}

TEST_F(LoadHeaders, Statuses) {
  EngineError error;
  EXPECT_EQ(engine_->plan("test", "t", {{"format", "orc"}}, true, error), nullptr);
  EXPECT_EQ(error.status, "INTERNAL_ERROR");
  EXPECT_EQ(engine_->plan("test", "t", {{"strict_mode", "x"}}, true, error), nullptr);
  EXPECT_EQ(error.status, "INVALID_ARGUMENT");
  EXPECT_EQ(engine_->plan("test", "t", {{"columns", "a, a"}}, true, error), nullptr);
  EXPECT_EQ(error.status, "ANALYSIS_ERROR");
}

TEST_F(LoadHeaders, EmptyAndUnknownHeadersMeanNothing) {
  load_ok("t",
          {{"strict_mode", ""},
           {"columns", ""},
           {"two_phase_commit", "true"},
           {"column_separator", ""},
           {"merge_type", "x"}},
          "1\t2020-01-01\n");
  EXPECT_EQ(query("SELECT * FROM t"), (Rows{{"1", "2020-01-01 00:00:00"}}));
}

TEST_F(LoadHeaders, TransactionIgnoresBadOnesItDoesNotRead) {
  EXPECT_EQ(plan_error("t",
                       {{"skip_header", "x"},
                        {"trim_space", "x"},
                        {"log_rejected_record_num", "x"},
                        {"partial_update", "x"}},
                       true),
            "(no error)");
  EXPECT_EQ(plan_error("t", {{"strict_mode", "x"}}, true),
            "Invalid strict mode format. Must be bool type");
}

TEST_F(LoadHeaders, TimeZonesMoveNow) {
  const auto hours = [&](const std::string& zone) {
    run("TRUNCATE TABLE test.t");
    load_ok("t",
            {{"columns",
              "x, a = round((unix_timestamp(now()) - unix_timestamp(utc_timestamp())) / 3600), at "
              "= now()"},
             {"timezone", zone}},
            "1\n");
    return query("SELECT a FROM t")[0][0];
  };
  EXPECT_EQ(hours("+08:00"), "8");
  EXPECT_EQ(hours("-03:00"), "-3");
  EXPECT_EQ(hours("UTC"), "0");
  EXPECT_EQ(hours("Asia/Tokyo"), "9");
  EXPECT_EQ(hours(""), "8") << "Asia/Shanghai is the default";
}

TEST_F(LoadHeaders, CountersOfAFailedPlanAreZero) {
  const LoadResult result = load("t", {{"format", "json"}}, R"({"a":1} {"a":)");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.counters.total, 0);
  EXPECT_EQ(result.counters.loaded, 0);
}

TEST_F(LoadHeaders, AnEmptyBodyIsNoErrorOfThePlan) {
  const LoadResult result = load("t", {}, "");
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.counters.total, 0);
}

}  // namespace
}  // namespace emulator::test
