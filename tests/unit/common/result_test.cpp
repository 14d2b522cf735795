#include "common/base/result.hpp"

#include <gtest/gtest.h>

#include "common/cluster/states.hpp"

namespace faultline {
namespace {

TEST(Result, HoldsAValueOrTheReasonWhyThereIsNone) {
  const Result<int> good{7};
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 7);
  const Result<int> bad{Error{ErrorCode::timeout, "too late"}};
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "too late");
}

TEST(ResultDeathTest, TakingTheValueOfAnErrorIsOurBugAndStopsTheProcess) {
  const Result<int> bad{Error{ErrorCode::timeout, "too late"}};
  EXPECT_DEATH((void)bad.value(), "the caller checks");
}

TEST(States, EveryEnumeratorIsReadBackAsItself) {
  for (const auto state : {Liveness::live, Liveness::suspect, Liveness::unknown}) {
    EXPECT_EQ(parse_enum<Liveness>(to_string(state)), state);
  }
  EXPECT_EQ(to_string(FaultState::revert_failed), "revert_failed");
  EXPECT_EQ(parse_enum<FaultKind>("explode"), std::nullopt);
}

}  // namespace
}  // namespace faultline
