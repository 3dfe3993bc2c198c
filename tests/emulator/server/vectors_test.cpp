#include "tests/emulator/server/vector_match.hpp"
#include "tests/emulator/server/vector_play.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <set>
#include <utility>

// Replays every vector of protocol-vectors.json over real sockets (starrocks-load-protocol.md 15).

namespace emulator::testing {
namespace {

Json load_vectors() {
  std::ifstream file(EMULATOR_VECTORS);
  return Json::parse(file);
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// The vectors name hosts that do not exist here.
std::string localized(std::string text, VectorRun& run) {
  Emulator& emulator = **run.cluster;
  const auto local = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
  replace_all(text, "fe1:8030", local(emulator.fe_port()));
  replace_all(text, "fe2:8030", local(emulator.follower_port()));
  replace_all(text, "be1:8040", local(emulator.be_port(0)));
  replace_all(text, "10.0.0.9", "127.0.0.1");
  return text;
}

bool without_body(const std::string& summary) {
  return summary.empty() || summary == "none" || summary == "empty" ||
         summary.starts_with("not sent") || summary == "must not be sent" ||
         summary == "HTTP/1.0 request";
}

std::string body_of(const Json& vector, const VectorPlay& play) {
  if (play.body) return *play.body;
  std::string summary = vector.at("request").value("body_summary", "");
  if (without_body(summary)) return "";
  replace_all(summary, "\\n", "\n");
  return summary;
}

void compare(VectorRun& run, const std::optional<Reply>& reply) {
  const Json& expected = run.vector.at("response");
  if (expected.at("status").is_null()) {
    EXPECT_FALSE(reply.has_value());
    return;
  }
  ASSERT_TRUE(reply.has_value()) << "no answer";
  EXPECT_EQ(reply->status, expected.at("status").get<int>()) << reply->body;
  for (const auto& [name, value] : expected.at("headers").items()) {
    const auto same = [&name = name](const auto& header) { return header.first == name; };
    const auto found = std::find_if(reply->headers.begin(), reply->headers.end(), same);
    ASSERT_NE(found, reply->headers.end()) << "header " << name << " is missing";
    EXPECT_EQ(found->second, localized(value.get<std::string>(), run)) << name;
  }
  const Json body = Json::parse(localized(expected.at("body").dump(), run));
  if (body.is_string()) {
    EXPECT_TRUE(text_matches(body, reply->body)) << reply->body;
    return;
  }
  const Json actual = Json::parse(reply->body, nullptr, false);
  ASSERT_FALSE(actual.is_discarded()) << reply->body;
  JsonStrictness strictness;
  strictness.key_order = run.vector.at("server") == "be";
  const std::string notes = run.vector.value("notes", "");
  strictness.more_keys = notes.find("keys may be present") != std::string::npos;
  EXPECT_EQ(json_mismatch(body, actual, strictness), "") << reply->body;
}

/// The 100 that a reply must or must not have had before it.
void compare_continue(const VectorRun& run, const std::optional<Reply>& reply) {
  const std::string summary = run.vector.at("request").value("body_summary", "");
  if (reply && summary == "must not be sent") {
    EXPECT_FALSE(reply->continued) << "100 Continue before a refusal";
  }
}

void replay(const Json& vector) {
  const std::string name = vector.at("name");
  SCOPED_TRACE(name);
  const auto found = vector_plays().find(name);
  ASSERT_NE(found, vector_plays().end()) << "this vector is not replayed";
  const VectorPlay& play = found->second;
  VectorRun run{vector, {}, nullptr};
  Options options = vector_options();
  if (play.options) play.options(options);
  run.cluster = std::make_unique<TestCluster>(std::move(options));
  const Json& request = vector.at("request");
  run.request.method = request.at("method");
  run.request.target = request.at("path");
  run.request.body = body_of(vector, play);
  for (const auto& [key, value] : request.at("headers").items()) {
    run.request.headers.emplace_back(key, localized(value.get<std::string>(), run));
  }
  if (play.prepare) play.prepare(run);
  if (::testing::Test::HasFatalFailure()) return;
  const auto reply = play.play ? play.play(run) : exchange(run.port(), run.request);
  compare(run, reply);
  compare_continue(run, reply);
  if (play.check) play.check(run);
}

TEST(ProtocolVectors, AllAreReplayed) {
  const Json vectors = load_vectors();
  std::size_t passed = 0;
  for (const Json& vector : vectors) {
    const ::testing::TestResult* const result =
        ::testing::UnitTest::GetInstance()->current_test_info()->result();
    const int parts_before = result->total_part_count();
    try {
      replay(vector);
    } catch (const std::exception& error) {
      ADD_FAILURE() << vector.at("name") << ": " << error.what();
    }
    if (result->total_part_count() == parts_before) ++passed;
  }
  std::cout << "protocol vectors: " << passed << " of " << vectors.size()
            << " replayed and equal\n";
  EXPECT_EQ(passed, vectors.size());
}

TEST(ProtocolVectors, EveryPlayBelongsToAVector) {
  std::set<std::string> names;
  for (const Json& vector : load_vectors()) names.insert(vector.at("name"));
  for (const auto& [name, play] : vector_plays()) EXPECT_TRUE(names.contains(name)) << name;
}

}  // namespace
}  // namespace emulator::testing
