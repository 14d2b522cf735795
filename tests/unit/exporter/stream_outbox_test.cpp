#include "exporter/stream/outbox.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/exporter/stream_samples.hpp"

namespace faultline::stream {
namespace {

/// A row of publications, each knowing the one before, as the hub makes them.
class Row {
 public:
  const Publication& next(const std::vector<ClusterEvent>& events = {}) {
    const Publication* before = all_.empty() ? nullptr : all_.back().get();
    const auto seq = static_cast<std::int64_t>(all_.size()) + 1;
    all_.push_back(std::make_unique<Publication>(share(sample_snapshot(seq, 8)), events, before));
    return *all_.back();
  }

 private:
  std::vector<std::unique_ptr<Publication>> all_;
};

/// Sends everything; the types of the frames in order.
std::vector<std::string> types_sent(Outbox& outbox) {
  std::vector<std::string> types;
  while (!outbox.empty()) {
    const std::string_view frame = outbox.unsent();
    const auto json = nlohmann::json::parse(frame.substr(frame.find('{')), nullptr, false);
    types.push_back(json.value("type", "bare"));
    EXPECT_TRUE(outbox.sent(frame.size()));
  }
  return types;
}

using Types = std::vector<std::string>;

TEST(Outbox, AReaderThatKeepsUpIsSentDeltas) {
  Row row;
  Outbox outbox{Protocol::faultline_v1, 10};
  EXPECT_TRUE(outbox.offer(row.next()));
  EXPECT_EQ(types_sent(outbox), Types{"snapshot"});
  EXPECT_TRUE(outbox.offer(row.next({sample_event(1)})));
  EXPECT_EQ(types_sent(outbox), (Types{"event", "delta"}));
}

TEST(Outbox, WhoSkippedADeltaIsSentTheSnapshotWhole) {
  Row row;
  Outbox outbox{Protocol::faultline_v1, 10};
  EXPECT_TRUE(outbox.offer(row.next()));
  static_cast<void>(types_sent(outbox));
  EXPECT_TRUE(outbox.offer(row.next({sample_event(1)})));
  EXPECT_TRUE(outbox.offer(row.next({sample_event(2)})));
  EXPECT_EQ(types_sent(outbox), (Types{"event", "event", "snapshot"}));
  EXPECT_TRUE(outbox.offer(row.next()));
  EXPECT_EQ(types_sent(outbox), Types{"delta"}) << "and deltas again from there";
}

TEST(Outbox, WhatIsPartlyOnTheWireIsFinishedAndOnlyTheRestReplaced) {
  Row row;
  Outbox outbox{Protocol::bare, 10};
  EXPECT_TRUE(outbox.offer(row.next()));
  const std::string first{outbox.unsent()};
  EXPECT_FALSE(outbox.sent(10));
  EXPECT_TRUE(outbox.offer(row.next()));
  EXPECT_TRUE(outbox.offer(row.next()));
  EXPECT_EQ(outbox.unsent(), std::string_view{first}.substr(10));
  EXPECT_TRUE(outbox.sent(first.size() - 10));
  EXPECT_NE(outbox.unsent().find("\"seq\":3"), std::string_view::npos);
  EXPECT_TRUE(outbox.sent(outbox.unsent().size()));
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, ADeltaIsGoodAfterOneThatIsPartlyOnTheWire) {
  Row row;
  Outbox outbox{Protocol::faultline_v1, 10};
  EXPECT_TRUE(outbox.offer(row.next()));
  EXPECT_FALSE(outbox.sent(1));
  EXPECT_TRUE(outbox.offer(row.next()));
  EXPECT_TRUE(outbox.sent(outbox.unsent().size()));
  EXPECT_EQ(types_sent(outbox), Types{"delta"});
}

TEST(Outbox, EventsAreNeverReplacedAndTooManyOfThemEndTheClient) {
  Row row;
  Outbox outbox{Protocol::faultline_v1, 3};
  EXPECT_TRUE(outbox.offer(row.next({sample_event(1), sample_event(2), sample_event(3)})));
  EXPECT_FALSE(outbox.offer(row.next({sample_event(4)})));
}

TEST(Outbox, ABareReaderIsSentNoEvents) {
  Row row;
  Outbox outbox{Protocol::bare, 1};
  EXPECT_TRUE(outbox.offer(row.next({sample_event(1), sample_event(2)})));
  EXPECT_EQ(types_sent(outbox), Types{"bare"});
}

TEST(Outbox, AResyncWhileABroadcastGoesRoundBringsTheSnapshotOnceNotTwice) {
  Row row;
  Outbox outbox{Protocol::faultline_v1, 10};
  const Publication& publication = row.next();
  outbox.offer_whole(publication);
  EXPECT_TRUE(outbox.offer(publication));
  EXPECT_EQ(types_sent(outbox), Types{"snapshot"});
}

TEST(Outbox, AGoodbyeReplacesAllThatIsNotBegunAndNothingFollowsIt) {
  Row row;
  Outbox outbox{Protocol::faultline_v1, 10};
  EXPECT_TRUE(outbox.offer(row.next({sample_event(1), sample_event(2)})));
  const std::size_t begun = outbox.unsent().size();
  EXPECT_FALSE(outbox.sent(1));
  outbox.close_with(encode_close(CloseCode::policy, "no"));
  EXPECT_TRUE(outbox.offer(row.next({sample_event(3)})));
  outbox.offer_whole(row.next());
  EXPECT_TRUE(outbox.sent(begun - 1));
  EXPECT_EQ(outbox.unsent(), *encode_close(CloseCode::policy, "no"));
  EXPECT_TRUE(outbox.sent(outbox.unsent().size()));
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, AStallCountsFromItsBeginningUntilAMessageGetsThrough) {
  Row row;
  Outbox outbox{Protocol::bare, 10};
  EXPECT_TRUE(outbox.offer(row.next()));
  const SteadyTime begin{};
  outbox.stalled(begin);
  EXPECT_FALSE(outbox.sent(1));
  outbox.stalled(begin + milliseconds{500});
  EXPECT_EQ(outbox.stalled_since(), begin);
  EXPECT_TRUE(outbox.sent(outbox.unsent().size()));
  EXPECT_EQ(outbox.stalled_since(), std::nullopt);
}

TEST(Publication, EachFrameIsEncodedOnceHoweverOftenItIsAskedFor) {
  Row row;
  static_cast<void>(row.next());
  const Publication& publication = row.next();
  EXPECT_EQ(publication.whole().get(), publication.whole().get());
  EXPECT_EQ(publication.bare().get(), publication.bare().get());
  EXPECT_EQ(publication.delta().get(), publication.delta().get());
}

TEST(Publication, ADeltaThatSavesLessThanHalfIsNotMade) {
  const Publication before{share(sample_snapshot(1, 2)), {}, nullptr};
  const Publication after{share(sample_snapshot(2, 40)), {}, &before};
  EXPECT_EQ(before.delta(), nullptr);
  EXPECT_EQ(after.delta(), nullptr);
}

}  // namespace
}  // namespace faultline::stream
