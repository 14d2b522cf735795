#include <gtest/gtest.h>

#include <random>

#include <nlohmann/json.hpp>

#include "common/wire/frame_json.hpp"
#include "common/wire/snapshot_diff.hpp"
#include "common/wire/snapshot_json.hpp"
#include "tests/unit/exporter/stream_samples.hpp"

namespace faultline::wire {
namespace {

using nlohmann::json;
using stream::sample_event;
using stream::sample_snapshot;

TEST(SnapshotDiff, WhatIsAppliedToTheOldSnapshotIsTheNewOneWhateverChanged) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    ClusterSnapshot snapshot = sample_snapshot(1, 5);
    json held = to_json(snapshot);
    for (int step = 0; step < 100; ++step) {
      snapshot = stream::changed(std::move(snapshot), random);
      const json next = to_json(snapshot);
      held = apply_delta(held, diff_snapshots(held, next));
      ASSERT_EQ(held, next) << "step " << step;
    }
  }
}

TEST(SnapshotDiff, NamesOnlyWhatChanged) {
  ClusterSnapshot after = sample_snapshot(2);
  after.at = sample_snapshot(1).at;
  after.nodes = sample_snapshot(1).nodes;
  after.sources = sample_snapshot(1).sources;
  after.nodes[1].container.state = ContainerState::exited;
  const json delta = diff_snapshots(to_json(sample_snapshot(1)), to_json(after));
  EXPECT_EQ(delta, json::parse(R"({"set": {"seq": 2}, "removed_nodes": [],
    "nodes": {"2": {"container_state": "exited", "container": {"state": "exited"}}}})"));
}

TEST(SnapshotDiff, AValueThatBecomesUnknownBecomesNullAndItsFieldStays) {
  ClusterSnapshot after = sample_snapshot(1);
  after.ranges_unavailable.reset();
  const json before = to_json(sample_snapshot(1));
  const json delta = diff_snapshots(before, to_json(after));
  EXPECT_EQ(delta.at("set"), json::parse(R"({"ranges_unavailable": null})"));
  EXPECT_TRUE(apply_delta(before, delta).at("ranges_unavailable").is_null());
}

TEST(SnapshotDiff, ANewNodeComesWholeAndARemovedOneByItsId) {
  ClusterSnapshot after = sample_snapshot(1, 4);
  after.nodes.erase(after.nodes.begin());
  after.cluster = sample_snapshot(1).cluster;
  const json delta = diff_snapshots(to_json(sample_snapshot(1)), to_json(after));
  EXPECT_EQ(delta.at("removed_nodes"), json::parse("[1]"));
  EXPECT_EQ(delta.at("nodes").at("4"), to_json(after.nodes.back()));
  EXPECT_EQ(delta.at("nodes").size(), 1U);
}

TEST(Frames, EachSaysItsVersionItsRunAndTheNewestSnapshot) {
  const FrameHead head{"b-test", 7};
  const std::string snapshot = to_json(sample_snapshot(7)).dump();
  const json delta = diff_snapshots(to_json(sample_snapshot(6)), to_json(sample_snapshot(7)));
  const std::pair<std::string, std::string> frames[] = {
      {"hello", hello_frame(head, "faultline-exporter 0.1.0", milliseconds{5000})},
      {"snapshot", snapshot_frame(head, snapshot)},
      {"delta", delta_frame(head, 6, delta)},
      {"event", event_frame(head, sample_event(91))},
      {"heartbeat", heartbeat_frame(head, from_ms(1))}};
  for (const auto& [type, text] : frames) {
    const json frame = json::parse(text);
    EXPECT_EQ(frame.at("v"), 1) << type;
    EXPECT_EQ(frame.at("boot"), "b-test") << type;
    EXPECT_EQ(frame.at("seq"), 7) << type;
    EXPECT_EQ(frame.at("type"), type);
  }
  EXPECT_EQ(json::parse(frames[1].second).at("snapshot"), to_json(sample_snapshot(7)));
  EXPECT_EQ(json::parse(frames[2].second).at("base_seq"), 6);
}

TEST(Frames, BytesThatAreNoUtf8BecomeReplacementsNotAnException) {
  ClusterEvent event = sample_event(1);
  event.sentence = "n2 \xff\xfe";
  const json frame = json::parse(event_frame({"b", 1}, event), nullptr, false);
  EXPECT_EQ(frame.at("event").at("sentence"), "n2 \uFFFD\uFFFD");
}

TEST(ClientRequests, ResyncAndPingAreUnderstoodWithWhateverElseIsSaid) {
  EXPECT_EQ(read_client_request(R"({"type":"resync"})").value(), ClientRequest::resync);
  EXPECT_EQ(read_client_request(R"({"type":"ping","n":[1]})").value(), ClientRequest::ping);
}

TEST(ClientRequests, AnythingElseIsAnErrorThatSaysWhy) {
  EXPECT_EQ(read_client_request("{").error().code, ErrorCode::malformed);
  EXPECT_EQ(read_client_request("[]").error().code, ErrorCode::invalid);
  EXPECT_EQ(read_client_request("{}").error().code, ErrorCode::invalid);
  EXPECT_EQ(read_client_request(R"({"type":1})").error().code, ErrorCode::invalid);
  const auto unknown = read_client_request(R"({"type":"stop"})");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("resync or ping"), std::string::npos);
}

}  // namespace
}  // namespace faultline::wire
