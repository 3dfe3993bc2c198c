#include "core/base/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace loadstar {
namespace {

TEST(ErrorTest, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  constexpr int kLast = static_cast<int>(Errc::kCircuitOpen);
  for (int code = 0; code <= kLast; ++code) names.insert(to_string(static_cast<Errc>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kLast) + 1);
  EXPECT_FALSE(names.contains("INVALID"));
  EXPECT_EQ(to_string(static_cast<Errc>(kLast + 1)), "INVALID");
}

TEST(ErrorTest, AnErrorIsUnknownUnlessSomebodyHasProvedOtherwise) {
  EXPECT_EQ(Error{}.certainty, Certainty::kUnknown);
}

TEST(ErrorTest, ADescriptionSaysWhatAndHowCertain) {
  const Error error{Errc::kConnectFailed, Certainty::kNotApplied, "refused by 127.0.0.1:8030"};
  EXPECT_EQ(describe(error), "CONNECT_FAILED (not applied): refused by 127.0.0.1:8030");
  EXPECT_EQ(to_string(Certainty::kUnknown), "unknown outcome");
}

TEST(ErrorTest, TheValueOfAFailureThrowsItsDescription) {
  const Result<int> failed = Error{Errc::kRejected, Certainty::kNotApplied, "no"};
  ASSERT_TRUE(failed.has_error());
  try {
    static_cast<void>(failed.value());
    FAIL() << "value() of a failure returned";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string_view(error.what()).find("REJECTED (not applied): no"),
              std::string_view::npos);
  }
}

}  // namespace
}  // namespace loadstar
