#include "config/reference.hpp"
#include "config/show.hpp"
#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

// A canary password is in no output: errors, source lines, shown configuration, reference.

namespace loadstar::config {
namespace {

using testing::made_up;
using testing::TemporaryDirectory;

constexpr const char* kCanary = "c4n4ry-Secret";

/// Everything that can be printed about a configuration.
std::string everything_printed(const std::string& text, const Surroundings& surroundings) {
  const Loaded loaded = load_text(text, "f", surroundings);
  std::string output = render_problems(loaded.problems);
  if (loaded.options) output += show(*loaded.options, loaded.origins);
  return output;
}

void expect_no_canary(const std::string& output, const std::string& input) {
  EXPECT_EQ(output.find(kCanary), std::string::npos) << "input:\n"
                                                     << input << "\noutput:\n"
                                                     << output;
}

std::string file(const std::string& starrocks) {
  return "version: 1\nunknown_tables: allow_with_defaults\nstarrocks:\n  load_urls: "
         "[http://fe:1]\n  user: u\n" +
         starrocks;
}

TEST(SecretTest, GoodFilesPrintNoPassword) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("password", kCanary);
  const auto surroundings = made_up({{"PASSWORD", kCanary}});
  for (const std::string& starrocks :
       {std::string("  password: c4n4ry-Secret\n"),
        std::string("  password: \"${env:PASSWORD}\"\n"), "  password: \"${file:" + path + "}\"\n",
        "  password_file: " + path + "\n"}) {
    const Loaded loaded = load_text(file(starrocks), "f", surroundings);
    ASSERT_TRUE(loaded.options) << render_problems(loaded.problems);
    EXPECT_EQ(loaded.options->core.starrocks.password().reveal(), kCanary);
    expect_no_canary(everything_printed(file(starrocks), surroundings), starrocks);
  }
}

TEST(SecretTest, BadFilesPrintNoPassword) {
  const auto surroundings =
      made_up({{"PASSWORD", kCanary}, {"LINES", std::string(kCanary) + "\nx"}});
  for (const char* starrocks : {"  pasword: c4n4ry-Secret\n",
                                "  passwd: c4n4ry-Secret\n",
                                "  Password: c4n4ry-Secret\n",
                                "  auth: c4n4ry-Secret\n",
                                "  password: [c4n4ry-Secret]\n",
                                "  password: {text: c4n4ry-Secret}\n",
                                "  password:\n    c4n4ry-Secret: x: y\n",
                                "  password:\n    - c4n4ry-Secret\n",
                                "  password: *c4n4ry-Secret\n",
                                "  password: &c4n4ry-Secret x\n",
                                "  password: !c4n4ry-Secret x\n",
                                "  password: !<c4n4ry-Secret> x\n",
                                "  password: %c4n4ry-Secret\n",
                                "  password: @c4n4ry-Secret\n",
                                "  password: \"c4n4ry-Secret\n",
                                "  password: 'c4n4ry-Secret\n",
                                "  password: \"c4n4ry-Secret\\q\"\n",
                                "  password: c4n4ry-Secret: x\n",
                                "  password: c4n4ry-Secret\n  password: c4n4ry-Secret\n",
                                "  password: \"c4n4ry-Secret\\t\"\n",
                                "  password: |\n    c4n4ry-Secret\n    x\n",
                                "  password: >\n   c4n4ry-Secret\n  bad\n",
                                "  password: c4n4ry-Secret\n  connect_timeout: c4n4ry-Secret\n",
                                "  password: \"${env:LINES}\"\n",
                                "  password: \"${c4n4ry-Secret}\"\n",
                                "  password: \"c4n4ry-Secret${env:NO}\"\n",
                                "  password: c4n4ry-Secret\n  password_file: /nowhere\n",
                                "  password: c4n4ry-Secret\nx: [\n",
                                "  {password: c4n4ry-Secret, x: y}\n",
                                "  connect_timeout: \"${env:PASSWORD}\"\n",
                                "  max_loads: \"${env:PASSWORD}\"\n",
                                "  redirect_policy: \"${env:PASSWORD}\"\n",
                                "  redirect_allow: [\"${env:PASSWORD}\"]\n",
                                "  redirect_map: {\"a:1\": \"${env:PASSWORD}\"}\n",
                                "  tls: {enabled: \"${env:PASSWORD}\"}\n",
                                "  label_prefix: \"${env:PASSWORD}\"\n",
                                "defaults: {properties: {strict_mode: \"${env:PASSWORD}\"}}\n",
                                "listen: {grpc: [\"${env:PASSWORD}\"]}\n",
                                "limits: {memory: \"${env:PASSWORD}\"}\n",
                                "log: {level: \"${env:PASSWORD}\"}\n"}) {
    const std::string text = file(starrocks);
    EXPECT_FALSE(load_text(text, "f", surroundings).options) << text;
    expect_no_canary(everything_printed(text, surroundings), text);
  }
}

TEST(SecretTest, UserInformationInUrlsIsNotPrinted) {
  for (const char* url :
       {"http://u:c4n4ry-Secret@fe:1", "u:c4n4ry-Secret@fe:1", "http://c4n4ry-Secret@fe:1"}) {
    const std::string text =
        "version: 1\nstarrocks:\n  load_urls:\n    - " + std::string(url) + "\n";
    const std::string output = everything_printed(text, made_up());
    EXPECT_NE(output.find("load_urls[0]"), std::string::npos);
    expect_no_canary(output, text);
  }
}

TEST(SecretTest, TheReferenceKnowsNoSecret) {
  expect_no_canary(reference_markdown() + json_schema(), "reference");
}

}  // namespace
}  // namespace loadstar::config
