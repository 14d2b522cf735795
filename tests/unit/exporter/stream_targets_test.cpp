#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "exporter/stream/routes.hpp"
#include "tests/unit/exporter/stream_samples.hpp"

namespace faultline::stream {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Routes with a main cluster and two targets, staging and test, of which test was never read.
class TargetRoutes : public testing::Test {
 protected:
  TargetRoutes() {
    options_.boot = "b-main";
    main_.publish(share(sample_snapshot(1)), {});
    auto targets = std::make_shared<TargetMap>();
    for (const std::string name : {"staging", "test"}) {
      boards_[name] = std::make_shared<observe::SnapshotBoard>();
      targets->emplace(name, Target{boards_[name], "b-" + name,
                                    [name](const Collect& collect) {
                                      return collect.empty() ? "all of " + name
                                                             : collect.front() + " of " + name;
                                    },
                                    [](const std::string&) { return true; }});
    }
    auto snapshot = sample_snapshot(7, 5);
    snapshot.boot = "b-staging";
    snapshot.nodes[0].http_address = "n1:8080";
    boards_["staging"]->publish(share(snapshot), {sample_event(1)});
    targets_ = targets;
  }

  Reply get(std::string_view path, std::string_view query = {}, bool main = true) {
    Routes routes{options_,
                  main_,
                  [](const StreamStats&, const Collect&) { return std::string{"main"}; },
                  [] { return StreamStats{}; },
                  make_logger("test"),
                  {},
                  {.main = main, .targets = [this] { return targets_; }}};
    return routes.answer({.method = "GET",
                          .path = path,
                          .accept_encoding = {},
                          .if_none_match = {},
                          .query = query,
                          .host = "exporter:8095"});
  }

  StreamOptions options_;
  observe::SnapshotBoard main_;
  std::map<std::string, std::shared_ptr<observe::SnapshotBoard>> boards_;
  std::shared_ptr<const TargetMap> targets_;
};

TEST_F(TargetRoutes, ProbeIsTheMetricsOfOneTarget) {
  const auto reply = get("/probe", "target=staging");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "all of staging");
  EXPECT_EQ(reply.content_type, get("/metrics").content_type);
  EXPECT_EQ(get("/probe", "target=test").body, "all of test") << "also before it was read";
  EXPECT_EQ(get("/probe", "collect[]=gossip&target=staging").body, "gossip of staging");
  EXPECT_EQ(get("/probe", "collect[]=gosip&target=staging").status, 400);
}

TEST_F(TargetRoutes, AnUnknownTargetIs404AndAMissingOne400AndBothSayWhichThereAre) {
  for (const char* path : {"/probe", "/api/v1/state", "/api/v1/timeline", "/sd"}) {
    const auto unknown = get(path, "target=prod");
    EXPECT_EQ(unknown.status, 404) << path;
    EXPECT_THAT(unknown.body, HasSubstr("use staging, test")) << path;
    EXPECT_EQ(get(path, "target=staging&target=test").status, 400) << path;
  }
  for (const char* query : {"", "target=", "target"}) {
    EXPECT_EQ(get("/probe", query).status, 400) << query;
    EXPECT_THAT(get("/probe", query).body, HasSubstr("there are staging, test")) << query;
  }
  targets_ = std::make_shared<const TargetMap>();
  EXPECT_EQ(get("/probe").status, 404);
  EXPECT_THAT(get("/probe", "target=a").body, HasSubstr("--targets.file"));
}

TEST_F(TargetRoutes, ThePagesOfTheApiTellOfTheTargetThatIsNamed) {
  const auto state = nlohmann::json::parse(get("/api/v1/state", "target=staging").body);
  EXPECT_EQ(state.at("nodes").size(), 5U);
  EXPECT_EQ(state.at("boot"), "b-staging");
  EXPECT_EQ(nlohmann::json::parse(get("/api/v1/state").body).at("nodes").size(), 3U);
  EXPECT_EQ(get("/api/v1/state", "target=test").status, 503) << "never read";
  const auto timeline = nlohmann::json::parse(get("/api/v1/timeline", "target=staging").body);
  EXPECT_EQ(timeline.at("boot"), "b-staging");
  EXPECT_EQ(timeline.at("events").size(), 1U);
  EXPECT_EQ(get("/api/v1/impact", "target=test&nodes=1").status, 503);
}

TEST_F(TargetRoutes, MetricsIsNotAboutATarget) {
  EXPECT_EQ(get("/metrics", "target=staging").status, 400);
  EXPECT_THAT(get("/metrics", "target=staging").body, HasSubstr("/probe"));
}

TEST_F(TargetRoutes, ServiceDiscoveryListsTheTargetsWhereItWasAsked) {
  const auto list = nlohmann::json::parse(get("/sd/targets").body);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].at("targets"), nlohmann::json::array({"exporter:8095"}));
  EXPECT_EQ(list[0].at("labels").at("__metrics_path__"), "/probe");
  EXPECT_EQ(list[0].at("labels").at("__param_target"), "staging");
  EXPECT_EQ(list[0].at("labels").at("instance"), "staging");
  EXPECT_EQ(list[1].at("labels").at("instance"), "test");
  const auto nodes = nlohmann::json::parse(get("/sd", "target=staging").body);
  EXPECT_EQ(nodes.at(0).at("labels").at("__scheme__"), "https");
  targets_ = std::make_shared<const TargetMap>();
  EXPECT_EQ(get("/sd/targets").body, "[]");
}

TEST_F(TargetRoutes, WithoutAMainClusterItsPagesSayWhatWouldDo) {
  EXPECT_EQ(get("/api/v1/state", "", false).status, 400);
  EXPECT_THAT(get("/sd", "", false).body, HasSubstr("/sd?target=staging"));
  EXPECT_EQ(get("/ws", "", false).status, 404);
  EXPECT_THAT(get("/ws", "", false).body, HasSubstr("--cockroach.sql"));
  EXPECT_EQ(get("/-/ready", "", false).status, 200) << "one of the targets was read";
  EXPECT_THAT(get("/", "", false).body, Not(HasSubstr("/ws")));
  auto unread = std::make_shared<TargetMap>();
  unread->insert(*targets_->find("test"));
  targets_ = unread;
  EXPECT_EQ(get("/-/ready", "", false).status, 503);
}

TEST_F(TargetRoutes, TheLandingPageLinksThem) {
  EXPECT_THAT(get("/").body, HasSubstr("href=\"/probe?target=staging\""));
  EXPECT_THAT(get("/").body, HasSubstr("href=\"/api/v1/state?target=test\""));
}

}  // namespace
}  // namespace faultline::stream
