#include "server/status_mapping.hpp"

#include "tests/server/server_fixture.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>

namespace loadstar::server::test {
namespace {

using grpc::StatusCode;

const std::map<std::string, StatusCode> kCodes{
    {"INVALID_ARGUMENT", StatusCode::INVALID_ARGUMENT},
    {"OUT_OF_RANGE", StatusCode::OUT_OF_RANGE},
    {"FAILED_PRECONDITION", StatusCode::FAILED_PRECONDITION},
    {"ABORTED", StatusCode::ABORTED},
    {"NOT_FOUND", StatusCode::NOT_FOUND},
    {"UNAVAILABLE", StatusCode::UNAVAILABLE},
    {"RESOURCE_EXHAUSTED", StatusCode::RESOURCE_EXHAUSTED},
    {"UNIMPLEMENTED", StatusCode::UNIMPLEMENTED},
    {"UNAUTHENTICATED", StatusCode::UNAUTHENTICATED},
    {"PERMISSION_DENIED", StatusCode::PERMISSION_DENIED}};

struct Declared {
  std::string name;
  int number = 0;
  StatusCode code = StatusCode::UNKNOWN;
};

// The contract as its text has it: each reason with its number and the bracketed code above it.
std::vector<Declared> read_contract() {
  std::ifstream file(LOADSTAR_SOURCE_DIR "/proto/loadstar/v1/errors.proto");
  EXPECT_TRUE(file.good());
  const std::regex bracket(R"(^\s*// \[([A-Z_]+)\])");
  const std::regex value(R"(^\s*ERROR_REASON_([A-Z_]+) = (\d+);)");
  std::vector<Declared> result;
  std::string code;
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    if (std::regex_search(line, match, bracket)) code = match[1];
    if (!std::regex_search(line, match, value) || match[1] == "UNSPECIFIED") continue;
    EXPECT_TRUE(kCodes.contains(code)) << line;
    result.push_back({match[1], std::stoi(match[2]), kCodes.at(code)});
    code.clear();
  }
  return result;
}

TEST(StatusMappingTest, TheTableIsTheContract) {
  const std::vector<Declared> contract = read_contract();
  ASSERT_EQ(contract.size(), 26U);
  ASSERT_EQ(reason_table().size(), contract.size());
  for (std::size_t i = 0; i < contract.size(); ++i) {
    const ReasonEntry& entry = reason_table()[i];
    EXPECT_EQ(entry.name, contract[i].name);
    EXPECT_EQ(static_cast<int>(entry.reason), contract[i].number) << entry.name;
    EXPECT_EQ(entry.code, contract[i].code) << entry.name;
  }
}

TEST(StatusMappingTest, EveryReasonHasItsErrorInfoAndOnlyUnavailableARetry) {
  for (const ReasonEntry& entry : reason_table()) {
    Refusal refusal;
    refusal.reason = entry.reason;
    refusal.message = "text";
    refusal.metadata["expectedSequence"] = "17";
    const grpc::Status status = to_status(refusal);
    EXPECT_EQ(status.error_code(), entry.code);
    EXPECT_EQ(status.error_message(), "text");
    const Details details = decode(status);
    ASSERT_TRUE(details.info);
    EXPECT_EQ(details.info->reason(), entry.name);
    EXPECT_EQ(details.info->domain(), "loadstar");
    EXPECT_EQ(details.info->metadata().at("expectedSequence"), "17");
    EXPECT_EQ(details.retry.has_value(), entry.code == StatusCode::UNAVAILABLE) << entry.name;
    EXPECT_FALSE(details.bad_request.has_value());
  }
}

TEST(StatusMappingTest, ARetryHasItsDelay) {
  Refusal refusal;
  refusal.reason = Reason::kOverloaded;
  EXPECT_EQ(decode(to_status(refusal)).retry->retry_delay().seconds(), 1);
  refusal.retry_after = std::chrono::milliseconds(2'250);
  const Details details = decode(to_status(refusal));
  EXPECT_EQ(details.retry->retry_delay().seconds(), 2);
  EXPECT_EQ(details.retry->retry_delay().nanos(), 250'000'000);
}

TEST(StatusMappingTest, LongTextsAreCutAtACharacter) {
  Refusal refusal;
  refusal.message = std::string(512, 'a');
  EXPECT_EQ(to_status(refusal).error_message(), refusal.message);
  refusal.message.clear();
  for (int i = 0; i < 400; ++i) refusal.message += "\xC3\xA4";  // ä
  const std::string cut = to_status(refusal).error_message();
  EXPECT_LE(cut.size(), 512U);
  EXPECT_GE(cut.size(), 508U);
  EXPECT_TRUE(cut.ends_with("\xC3\xA4..."));
}

TEST(StatusMappingTest, BytesThatAreNotUtf8AreReplaced) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"a\xFFz", "a?z"},
      {"\xC3", "?"},
      {"\xC0\xAF", "??"},
      {"\xED\xA0\x80", "???"},
      {"\xF4\x90\x80\x80", "????"},
      {"\xE2\x82\xAC\xF0\x9F\x98\x80", "\xE2\x82\xAC\xF0\x9F\x98\x80"}};
  for (const auto& [sent, shown] : cases) {
    Refusal refusal;
    refusal.message = sent;
    refusal.metadata["key"] = sent;
    const grpc::Status status = to_status(refusal);
    EXPECT_EQ(status.error_message(), shown);
    EXPECT_EQ(decode(status).info->metadata().at("key"), shown);
  }
}

TEST(StatusMappingTest, DetailsStayBelowTheirLimitWhateverIsInThem) {
  for (const std::size_t length : {1U, 100U, 256U, 1'000U, 100'000U}) {
    Refusal refusal;
    refusal.reason = Reason::kDraining;
    refusal.message = std::string(length, 'm');
    for (int i = 0; i < 40; ++i) {
      refusal.metadata["key" + std::to_string(i)] = std::string(length, 'v');
      refusal.violations.push_back(
          {"rows[" + std::to_string(i) + "]" + std::string(length, 'f'), std::string(length, 'd')});
    }
    const grpc::Status status = to_status(refusal);
    EXPECT_LE(status.error_details().size(), 3U * 1024U);
    EXPECT_LE(status.error_message().size(), 512U);
    const Details details = decode(status);
    ASSERT_TRUE(details.info && details.retry);
    EXPECT_EQ(details.info->reason(), "DRAINING");
    if (length == 1) {
      EXPECT_EQ(details.info->metadata_size(), 40);
      EXPECT_EQ(details.bad_request->field_violations_size(), 10);
    }
    // The first field errors are kept.
    if (details.bad_request && details.bad_request->field_violations_size() > 0) {
      EXPECT_TRUE(details.bad_request->field_violations(0).field().starts_with("rows[0]"));
    }
  }
}

}  // namespace
}  // namespace loadstar::server::test
