#include "chaosd/service/abort_condition.hpp"

#include <gmock/gmock.h>

#include "tests/unit/chaosd/fake_sight.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Truth = Finding::Truth;

const Result<QueryAnswer> kNoQuery = Error{ErrorCode::unavailable, "nobody asked"};

ClusterSight seen(VerdictState verdict) {
  return {verdict, "in the exporter's words", 14, 30, 0, {}};
}

TEST(AbortConditions, AVerdictIsMetByItselfAndByWhatIsWorse) {
  struct Row {
    VerdictState wanted;
    VerdictState is;
    Truth truth;
  };
  using V = VerdictState;
  for (const auto& row :
       {Row{V::unavailable, V::unavailable, Truth::yes},
        Row{V::unavailable, V::unreachable, Truth::yes},
        Row{V::unavailable, V::degraded, Truth::no}, Row{V::unavailable, V::settling, Truth::no},
        Row{V::unavailable, V::available, Truth::no},
        Row{V::unavailable, V::unknown, Truth::unknown}, Row{V::degraded, V::degraded, Truth::yes},
        Row{V::degraded, V::settling, Truth::no}, Row{V::unreachable, V::unavailable, Truth::no},
        Row{V::unreachable, V::unreachable, Truth::yes}}) {
    const auto found = find_out({VerdictCondition{row.wanted}}, seen(row.is), kNoQuery);
    EXPECT_EQ(found.truth, row.truth) << to_string(row.wanted) << " " << to_string(row.is);
    EXPECT_THAT(found.sentence, HasSubstr("in the exporter's words"));
  }
}

TEST(AbortConditions, RangesAreCountedAndNotKnownIsNotZero) {
  const auto truth = [](std::int64_t least, std::optional<std::int64_t> ranges) {
    ClusterSight sight = seen(VerdictState::degraded);
    sight.ranges_unavailable = ranges;
    return find_out({RangesCondition{least}}, sight, kNoQuery).truth;
  };
  EXPECT_EQ(truth(14, 14), Truth::yes);
  EXPECT_EQ(truth(15, 14), Truth::no);
  EXPECT_EQ(truth(1, 0), Truth::no);
  EXPECT_EQ(truth(1, std::nullopt), Truth::unknown);
}

TEST(AbortConditions, AnExporterThatDoesNotAnswerIsNotFine) {
  const Error silent{ErrorCode::timeout, "the exporter does not answer"};
  for (const auto& condition :
       {AbortCondition{VerdictCondition{}}, AbortCondition{RangesCondition{}}}) {
    const auto found = find_out(condition, silent, kNoQuery);
    EXPECT_EQ(found.truth, Truth::unknown);
    EXPECT_EQ(found.sentence, "the exporter does not answer");
  }
}

TEST(AbortConditions, AQueryIsMetByAVectorWithSomethingInIt) {
  const AbortCondition condition{QueryCondition{"up == 0"}};
  EXPECT_EQ(find_out(condition, kNoQuery.error(), QueryAnswer{0}).truth, Truth::no);
  EXPECT_EQ(find_out(condition, kNoQuery.error(), QueryAnswer{2}).truth, Truth::yes);
  EXPECT_EQ(find_out(condition, seen(VerdictState::available), kNoQuery).truth, Truth::unknown);
}

/// One condition, looked at twice a second.
class Watching : public ::testing::Test {
 protected:
  std::string look(AbortWatch& watch, Truth truth) {
    now += 500ms;
    return watch.judge({{truth, "so it is"}}, now);
  }
  SteadyTime now{};
};

TEST_F(Watching, WithoutAHoldTheFirstLookIsEnough) {
  AbortWatch watch{{{VerdictCondition{}}}};
  EXPECT_EQ(look(watch, Truth::no), "");
  EXPECT_EQ(look(watch, Truth::yes), "abort condition 1 is met: so it is");
}

TEST_F(Watching, AHoldIsWaitedForWithoutABreak) {
  AbortWatch watch{{{VerdictCondition{}, 1s}}};
  EXPECT_EQ(look(watch, Truth::yes), "");
  EXPECT_EQ(look(watch, Truth::yes), "");
  EXPECT_EQ(look(watch, Truth::no), "") << "it begins anew";
  EXPECT_EQ(look(watch, Truth::yes), "");
  EXPECT_EQ(look(watch, Truth::yes), "");
  EXPECT_THAT(look(watch, Truth::yes), HasSubstr("is met"));
}

TEST_F(Watching, NotToKnowDoesNotStopTheHold) {
  AbortWatch watch{{{VerdictCondition{}, 1s}}};
  EXPECT_EQ(look(watch, Truth::yes), "");
  EXPECT_EQ(look(watch, Truth::unknown), "");
  EXPECT_THAT(look(watch, Truth::yes), HasSubstr("is met"));
}

TEST_F(Watching, NotToKnowTooLongEndsIt) {
  AbortWatch watch{{{VerdictCondition{}}}};
  for (int i = 1; i < AbortWatch::kBlindLooks; ++i) EXPECT_EQ(look(watch, Truth::unknown), "");
  EXPECT_EQ(look(watch, Truth::unknown), "abort condition 1 cannot be judged: so it is");
}

TEST_F(Watching, OneLookThatTellsIsEnoughToGoOn) {
  AbortWatch watch{{{VerdictCondition{}}}};
  for (int i = 0; i < 5 * AbortWatch::kBlindLooks; ++i) {
    const bool tells = i % AbortWatch::kBlindLooks == AbortWatch::kBlindLooks - 1;
    EXPECT_EQ(look(watch, tells ? Truth::no : Truth::unknown), "");
  }
}

TEST_F(Watching, NothingBeginsWhileAConditionIsMetOrNotKnown) {
  EXPECT_EQ(AbortWatch::why_not_begin({{Truth::no, ""}, {Truth::no, ""}}), "");
  EXPECT_EQ(AbortWatch::why_not_begin({{Truth::no, ""}, {Truth::yes, "14 ranges"}}),
            "abort condition 2 is met before anything was done: 14 ranges");
  EXPECT_EQ(AbortWatch::why_not_begin({{Truth::unknown, "silence"}}),
            "abort condition 1 cannot be judged: silence");
}

}  // namespace
}  // namespace faultline::chaos
