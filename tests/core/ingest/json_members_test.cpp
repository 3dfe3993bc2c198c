#include "core/ingest/json_members.hpp"

#include "core/ingest/json_scanner.hpp"

#include <gtest/gtest.h>

namespace loadstar::ingest {
namespace {

bool repeated(std::string_view json) {
  EXPECT_TRUE(is_json(json)) << json;
  return has_repeated_member(json);
}

TEST(JsonMembers, ARepeatedNameIsFoundHoweverItIsWritten) {
  EXPECT_TRUE(repeated(R"({"a":1,"a":2})"));
  EXPECT_TRUE(repeated(R"({"a":1,"b":2,"\u0061":3})")) << "an escaped letter";
  EXPECT_TRUE(repeated(R"([1,{"x":{"":1,"":2}}])"));
  EXPECT_TRUE(repeated(R"({"a":[{"b":1},{"c":1,"c":1}]})"));
}

TEST(JsonMembers, TheSameNameInAnotherObjectIsNoRepetition) {
  for (const std::string_view json :
       {R"({"a":{"a":{"a":1}},"A":2})", R"([{"a":1},{"a":1}])", R"("{\"a\":1,\"a\":1}")", "1", "{}",
        R"({"a":"a","b":"a"})", R"({"é":1,"e":2})"}) {
    EXPECT_FALSE(repeated(json)) << json;
  }
}

TEST(JsonMembers, TheDeepestTextThatIsTakenIsLookedThrough) {
  std::string json = R"({"a":1,"a":2})";
  while (is_json("[" + json + "]")) json = "[" + json + "]";
  EXPECT_TRUE(repeated(json)) << json.size();
}

}  // namespace
}  // namespace loadstar::ingest
