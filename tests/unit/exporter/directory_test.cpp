#include "exporter/observe/directory.hpp"

#include <gmock/gmock.h>

#include "exporter/observe/node_parts.hpp"
#include "tests/unit/exporter/good_reading.hpp"

namespace faultline::observe {
namespace {

using sources::Answering;
using std::chrono::seconds;
using test::good;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;

const WallTime kStart = from_ms(1'795'423'340'000);

WallTime at(int second) { return kStart + seconds{second}; }

/// A node as gossip has it; its record holds for nine seconds after `heard`.
sources::GossipRow row(int id, const std::string& address, WallTime started, WallTime heard) {
  sources::GossipRow row;
  row.id = NodeId{id};
  row.sql_address = address;
  row.started_at = started;
  row.expires_at = heard + seconds{9};
  return row;
}

void hear(Readings& readings, std::vector<sources::GossipRow> rows, WallTime when,
          const std::string& gateway = "x:1", int witness = 9) {
  readings.gossip =
      good(sources::GossipView{gateway, NodeId{witness}, {}, {}, when, std::move(rows)}, when);
}

void tell(Readings& readings, const std::string& sql, int id, std::optional<std::string> http,
          WallTime when) {
  sources::MetricsPart part;
  part.identities.push_back({sql, NodeId{id}, std::move(http), true, when});
  readings.metrics = good(std::move(part), when);
}

void show_page(Readings& readings, const std::string& http, int id, WallTime when) {
  sources::MetricsPart part;
  sources::NodeVars vars;
  vars.node_id = NodeId{id};
  part.pages.push_back({http, vars, {}, when});
  readings.metrics = good(std::move(part), when);
}

NodeView node(int id, ProcessState process = ProcessState::reachable,
              Liveness liveness = Liveness::live) {
  NodeView view;
  view.id = NodeId{id};
  view.process.state = process;
  view.process.ready = process == ProcessState::reachable ? std::optional{true} : std::nullopt;
  view.liveness.state = liveness;
  return view;
}

TEST(Directory, AnAddressThatProvesToBeAnotherNodeIsNotDialledForTheOldOne) {
  Readings readings;
  tell(readings, "a:1", 3, "a:2", at(0));
  auto known = learn({}, readings);
  show_page(readings, "a:2", 3, at(1));
  known = learn(std::move(known), readings);
  EXPECT_THAT(known.sql_dial, ElementsAre(Pair(NodeId{3}, "a:1")));
  EXPECT_THAT(known.http_dial, ElementsAre(Pair(NodeId{3}, "a:2")));
  show_page(readings, "a:2", 4, at(60));
  known = learn(std::move(known), readings);
  EXPECT_THAT(known.http_dial, ElementsAre(Pair(NodeId{4}, "a:2")));
  tell(readings, "a:1", 4, "a:2", at(62));
  known = learn(std::move(known), readings);
  EXPECT_THAT(known.sql_dial, ElementsAre(Pair(NodeId{4}, "a:1")));
  EXPECT_THAT(known.replaced_by, ElementsAre(Pair(NodeId{3}, NodeId{4})));
}

TEST(Directory, AnOldReadingThatIsToldAgainTakesNothingBack) {
  Readings readings;
  hear(readings, {}, at(0), "a:1", 3);
  tell(readings, "a:1", 4, {}, at(60));
  auto known = learn({}, readings);  // Gossip comes after the metrics.
  EXPECT_EQ(known.sql_owner.at("a:1").id, NodeId{4});
  EXPECT_THAT(known.sql_dial, ElementsAre(Pair(NodeId{4}, "a:1")));
}

TEST(Directory, ADeadNodeThatAdvertisesTheAddressOfALaterOneIsNotDialledThere) {
  Readings readings;
  tell(readings, "a:1", 3, {}, at(0));
  auto known = learn({}, readings);
  hear(readings, {row(3, "a:1", at(-60), at(20)), row(4, "a:1", at(30), at(40))}, at(40));
  known = learn(std::move(known), readings);
  EXPECT_THAT(known.sql_dial, Contains(Pair(NodeId{4}, "a:1")));
  EXPECT_THAT(known.sql_dial, Not(Contains(Key(NodeId{3}))));
  known = learn(std::move(known), readings);
  EXPECT_THAT(known.sql_dial, Contains(Pair(NodeId{4}, "a:1"))) << "and so it stays";
}

TEST(Directory, TheYoungerOfTwoWitnessesIsHeardLast) {
  Readings readings;
  hear(readings, {row(3, "a:1", at(-60), at(0))}, at(0));
  readings.second_gossip = readings.gossip;
  hear(readings, {row(3, "a:1", at(-60), at(0)), row(4, "a:1", at(30), at(40))}, at(40));
  EXPECT_THAT(learn({}, readings).sql_dial, Contains(Pair(NodeId{4}, "a:1")));
  std::swap(readings.gossip, readings.second_gossip);
  EXPECT_THAT(learn({}, readings).sql_dial, Contains(Pair(NodeId{4}, "a:1")));
}

TEST(Directory, WhatANodeSaysItselfBeatsAnAdvertisementFromBefore) {
  Readings readings;
  tell(readings, "a:1", 4, {}, at(50));
  hear(readings, {row(3, "a:1", at(-60), at(20))}, at(51));
  const auto known = learn({}, readings);
  EXPECT_THAT(known.sql_dial, Contains(Pair(NodeId{4}, "a:1")));
  EXPECT_THAT(known.replaced_by, ElementsAre(Pair(NodeId{3}, NodeId{4})));
}

TEST(Directory, TheClusterSClockMayBeAnother) {
  Readings readings;
  tell(readings, "a:1", 4, {}, at(50));
  hear(readings, {row(3, "a:1", at(3600 - 60), at(3600))}, at(51));
  auto view = *readings.gossip->part;
  view.database_now = at(3651);  // An hour ahead: it started 111 s before the reading.
  readings.gossip->part = std::make_shared<const sources::GossipView>(view);
  EXPECT_THAT(learn({}, readings).sql_dial, Not(Contains(Key(NodeId{3}))));
}

TEST(Directory, ANodeThatStartedAfterAnotherAnsweredMayBeThere) {
  Readings readings;
  tell(readings, "a:1", 3, {}, at(0));
  auto known = learn({}, readings);
  hear(readings, {row(5, "a:1", at(30), at(40))}, at(40));
  known = learn(std::move(known), readings);
  EXPECT_THAT(known.sql_dial, Contains(Pair(NodeId{5}, "a:1")));
  tell(readings, "a:1", 3, {}, at(45));  // But it is asked, and says no.
  known = learn(std::move(known), readings);
  EXPECT_THAT(known.sql_dial, Contains(Pair(NodeId{3}, "a:1")));
  EXPECT_THAT(known.sql_dial, Not(Contains(Key(NodeId{5}))));
}

TEST(Directory, AFirstAddressThatProvedItselfStaysAndIsPreferredToTheAdvertisedOne) {
  Readings readings;
  hear(readings, {row(1, "inside:1", at(-60), at(0))}, at(0));
  auto known = learn({}, readings);
  EXPECT_THAT(known.sql_dial, Contains(Pair(NodeId{1}, "inside:1")));
  tell(readings, "outside:1", 1, {}, at(1));
  known = learn(std::move(known), readings);
  tell(readings, "other:1", 1, {}, at(2));
  known = learn(std::move(known), readings);
  EXPECT_THAT(known.sql_dial, Contains(Pair(NodeId{1}, "outside:1")));
  EXPECT_FALSE(known.sql_owner.contains("inside:1")) << "nobody answered there";
}

/// A node that was last seen, or not at all; the answer of the processes has nothing of it.
NodeProcess process_of_replaced(Readings& readings, const NodeView* before = nullptr) {
  Directory directory;
  directory.replaced_by[NodeId{3}] = NodeId{4};
  readings.process = good(sources::ProcessPart{}, at(40));
  return process_of(NodeId{3}, readings, directory, before, at(40));
}

TEST(Directory, WhoseAddressIsAnothersIsUnreachableOnceTheClusterDoesNotCountOnIt) {
  Readings readings;
  hear(readings, {row(3, "a:1", at(-60), at(38))}, at(40));
  EXPECT_EQ(process_of_replaced(readings).state, ProcessState::unknown) << "it may be elsewhere";
  hear(readings, {row(3, "a:1", at(-60), at(20))}, at(40));
  const auto process = process_of_replaced(readings);
  EXPECT_EQ(process.state, ProcessState::unreachable);
  EXPECT_EQ(process.reason, "at its address is n4 now");
  EXPECT_EQ(process.read_at, at(40));
}

TEST(Members, WhoLeftForGoodAndDoesNotAnswerIsNotAskedAnyMore) {
  Directory directory;
  for (int id = 1; id <= 4; ++id) {
    directory.sql_dial[NodeId{id}] = "n" + std::to_string(id) + ":1";
    directory.sql_owner["n" + std::to_string(id) + ":1"] = {NodeId{id}, at(0)};
  }
  const auto members = members_of(directory, {},
                                  {node(1), node(2, ProcessState::unreachable, Liveness::dead),
                                   node(3, ProcessState::unreachable, Liveness::decommissioned),
                                   node(4, ProcessState::reachable, Liveness::decommissioned)});
  std::vector<std::int64_t> ids;
  for (const auto& member : members) ids.push_back(member.id->value);
  EXPECT_THAT(ids, ElementsAre(1, 2, 4)) << "one that answers is told of as before";
}

TEST(Members, ANodeThatLeftStaysWhatItWasWhenItWasAskedLast) {
  auto before = node(3, ProcessState::unreachable, Liveness::decommissioned);
  before.process.read_at = at(10);
  before.process.since = at(5);
  Readings readings;
  readings.process = good(sources::ProcessPart{}, at(40));
  const auto process = process_of(NodeId{3}, readings, {}, &before, at(40));
  EXPECT_EQ(process.state, ProcessState::unreachable);
  EXPECT_EQ(process.read_at, at(10));
  EXPECT_EQ(process.since, at(5));
  EXPECT_THAT(process.reason, HasSubstr("has left the cluster"));
  before.process = process;
  before.liveness.state = Liveness::dead;
  EXPECT_EQ(process_of(NodeId{3}, readings, {}, &before, at(41)).state, ProcessState::unknown)
      << "who has not left for good is asked";
}

TEST(Members, ASeedWhoseNodeHasGoneIsAskedAgain) {
  Directory directory;
  directory.sql_owner["a:1"] = {NodeId{3}, at(0)};
  directory.sql_dial[NodeId{3}] = "b:1";
  const Seeds seeds{{"a:1"}, {}};
  EXPECT_THAT(members_of(directory, seeds, {node(3)}),
              ElementsAre(sources::Member{NodeId{3}, "b:1", {}, Answering::ready}));
  EXPECT_THAT(members_of(directory, seeds, {}),
              ElementsAre(sources::Member{{}, "a:1", {}, Answering::unknown}));
  EXPECT_THAT(members_of(directory, {}, {}), IsEmpty());
}

}  // namespace
}  // namespace faultline::observe
