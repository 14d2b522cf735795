#include "chaosd/service/selection.hpp"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>

namespace faultline::chaos {
namespace {

using ::testing::ElementsAre;

Candidate node(const std::string& name, std::int64_t id, const std::string& locality,
               std::optional<std::int64_t> leases) {
  Candidate one;
  one.target = {name, "id-" + name, "run-1", ContainerState::running, {}, {}, {{"tier", "db"}}};
  one.node_id = NodeId{id};
  one.locality = locality;
  one.leases = leases;
  return one;
}

std::vector<Candidate> five() {
  std::vector<Candidate> all{node("n3", 3, "region=eu,zone=b", 40),
                             node("n1", 1, "region=eu,zone=a", 7),
                             node("n2", 2, "region=us,zone=a", 40), node("n5", 5, "region=us", {}),
                             node("n4", 4, "region=eu,zone=a", 0)};
  all[0].is_gateway = true;
  all[4].target.labels["tier"] = "spare";
  return all;
}

std::vector<std::string> names_of(const Result<std::vector<TargetInfo>>& chosen) {
  std::vector<std::string> names;
  if (!chosen) return {"error: " + chosen.error().field};
  for (const auto& target : *chosen) names.push_back(target.name);
  return names;
}

Selector all_of(auto change) {
  Selector selector;
  selector.mode = SelectMode::all;
  change(selector);
  return selector;
}

std::vector<std::string> chosen_by(auto change) {
  return names_of(select_targets(all_of(change), five()));
}

TEST(Selection, EachCriterionNarrowsIt) {
  EXPECT_THAT(chosen_by([](auto& s) { s.names = {"n5", "n1"}; }), ElementsAre("n1", "n5"));
  EXPECT_THAT(chosen_by([](auto& s) { s.node_ids = {NodeId{2}}; }), ElementsAre("n2"));
  EXPECT_THAT(chosen_by([](auto& s) { s.labels = {{"tier", "spare"}}; }), ElementsAre("n4"));
  EXPECT_THAT(chosen_by([](auto& s) { s.locality = {"region=eu"}; }),
              ElementsAre("n1", "n3", "n4"));
  EXPECT_THAT(chosen_by([](auto& s) {
                s.locality = {"region=eu", "zone=a"};
              }),
              ElementsAre("n1", "n4"));
  EXPECT_THAT(chosen_by([](auto& s) {
                s.locality = {"zone=a"};
                s.labels = {{"tier", "db"}};
              }),
              ElementsAre("n1", "n2"));
  EXPECT_THAT(chosen_by([](auto& s) { s.role = NodeRole::gateway; }), ElementsAre("n3"));
}

TEST(Selection, ATierMustBeTheWholeOne) {
  EXPECT_THAT(chosen_by([](auto& s) { s.locality = {"region=e"}; }), ElementsAre("error: /select"));
}

TEST(Selection, OfTheMostLeasesThereIsOneAndAlwaysTheSame) {
  EXPECT_THAT(chosen_by([](auto& s) { s.role = NodeRole::most_leases; }), ElementsAre("n2"));
  EXPECT_THAT(chosen_by([](auto& s) {
                s.role = NodeRole::most_leases;
                s.locality = {"region=eu"};
              }),
              ElementsAre("n3"));
}

TEST(Selection, OfATableItIsWhoHoldsTheMostLeasesOrAllWhoHoldOne) {
  const auto by_table = [](SelectMode mode, auto change) {
    Selector selector;
    selector.mode = mode;
    selector.role = NodeRole::leaseholder;
    selector.table = "app.public.kv";
    selector.holders = {{NodeId{3}, 9}, {NodeId{1}, 4}, {NodeId{2}, 4}, {NodeId{8}, 1}};
    change(selector);
    return names_of(select_targets(selector, five()));
  };
  EXPECT_THAT(by_table(SelectMode::one, [](auto&) {}), ElementsAre("n3"));
  EXPECT_THAT(by_table(SelectMode::one, [](auto& s) { s.seed = 7; }), ElementsAre("n3"))
      << "nothing is left to chance";
  EXPECT_THAT(by_table(SelectMode::one, [](auto& s) { s.locality = {"zone=a"}; }),
              ElementsAre("n1"))
      << "of equals the lower node id";
  EXPECT_THAT(by_table(SelectMode::all, [](auto&) {}), ElementsAre("n1", "n2", "n3"));
  EXPECT_THAT(by_table(SelectMode::one, [](auto& s) { s.names = {"n5"}; }),
              ElementsAre("error: /select/table"));
  EXPECT_THAT(by_table(SelectMode::one, [](auto& s) { s.holders.clear(); }),
              ElementsAre("error: /select/table"))
      << "not known is not nobody";
  EXPECT_THAT(by_table(SelectMode::one, [](auto& s) { s.table.clear(); }),
              ElementsAre("error: /select/table"));
  EXPECT_THAT(by_table(SelectMode::one, [](auto& s) { s.role = NodeRole::gateway; }),
              ElementsAre("error: /select/table"))
      << "a table is for this role only";
}

TEST(Selection, UnknownLeasesAreNotZero) {
  EXPECT_THAT(chosen_by([](auto& s) {
                s.role = NodeRole::most_leases;
                s.names = {"n5"};
              }),
              ElementsAre("error: /select/role"));
}

TEST(Selection, NothingIsMeantByNothing) {
  const auto chosen = select_targets(all_of([](auto&) {}), five());
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code, ErrorCode::invalid);
  EXPECT_EQ(chosen.error().field, "/select");
  EXPECT_THAT(chosen_by([](auto& s) {
                s.labels = {{"tier", "web"}};
              }),
              ElementsAre("error: /select"));
}

TEST(Selection, ANameOrNodeThatNobodyHasIsNotFound) {
  EXPECT_THAT(chosen_by([](auto& s) {
                s.names = {"n1", "n9"};
              }),
              ElementsAre("error: /select/names"));
  EXPECT_THAT(chosen_by([](auto& s) { s.node_ids = {NodeId{9}}; }),
              ElementsAre("error: /select/node_ids"));
}

TEST(Selection, TheSameSeedIsTheSameChoiceWhateverTheOrder) {
  Selector selector = all_of([](auto& s) { s.locality = {"region=eu"}; });
  selector.mode = SelectMode::random;
  selector.count = 2;
  auto reversed = five();
  std::reverse(reversed.begin(), reversed.end());
  std::set<std::vector<std::string>> seen;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    selector.seed = seed;
    const auto chosen = names_of(select_targets(selector, five()));
    EXPECT_EQ(chosen, names_of(select_targets(selector, reversed)));
    EXPECT_EQ(chosen.size(), 2U);
    seen.insert(chosen);
  }
  EXPECT_EQ(seen.size(), 3U) << "each pair of three comes up";
}

TEST(Selection, APercentageIsRoundedUpAndNeverNobody) {
  Selector selector = all_of([](auto& s) { s.labels = {{"tier", "db"}}; });
  selector.mode = SelectMode::percent;
  for (const auto& [percent, count] : {std::pair{1, 1U}, {25, 1U}, {26, 2U}, {75, 3U}, {100, 4U}}) {
    selector.percent = percent;
    EXPECT_EQ(names_of(select_targets(selector, five())).size(), count) << percent;
  }
}

TEST(Selection, OnlyAllTakesThoseThatDoNotRun) {
  auto candidates = five();
  for (auto& one : candidates) {
    if (one.target.name != "n4") one.target.state = ContainerState::exited;
  }
  Selector selector = all_of([](auto& s) { s.locality = {"region=eu"}; });
  EXPECT_EQ(names_of(select_targets(selector, candidates)).size(), 3U);
  selector.mode = SelectMode::one;
  EXPECT_THAT(names_of(select_targets(selector, candidates)), ElementsAre("n4"));
  selector.locality = {"region=us"};
  const auto none = select_targets(selector, candidates);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::conflict);
}

TEST(Selection, AmountsThatCannotBeAreNamed) {
  Selector selector = all_of([](auto& s) { s.labels = {{"tier", "db"}}; });
  selector.mode = SelectMode::random;
  for (const std::int64_t count : {0, -1, 5}) {
    selector.count = count;
    EXPECT_THAT(names_of(select_targets(selector, five())), ElementsAre("error: /select/count"));
  }
  selector.mode = SelectMode::percent;
  for (const std::int64_t percent : {0, -1, 101}) {
    selector.percent = percent;
    EXPECT_THAT(names_of(select_targets(selector, five())), ElementsAre("error: /select/percent"));
  }
  for (const char* tier : {"", "eu", "=eu", "region="}) {
    EXPECT_THAT(chosen_by([&](auto& s) { s.locality = {tier}; }),
                ElementsAre("error: /select/locality"));
  }
}

}  // namespace
}  // namespace faultline::chaos
