#include "chaosd/docker/docker_holds.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/unit/chaosd/deadline_in.hpp"
#include "tests/unit/chaosd/docker_fake_engine.hpp"
#include "tests/unit/chaosd/log_frame.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kTarget = "1fe098e7b5867fe079c458dd5d9d7020ac61de2b1e043c7c9d78ce3a313aaa64";
const std::string kHelper = "c0ffee";
const std::string kName = "/containers/faultline-nethold-f-1a-1";

/// An Engine on which our helper may be there, run, have ended with some exit code, and
/// say something.
struct EngineWithHelper {
  std::string status;  ///< Empty: there is no helper.
  int exit_code = 0;
  int says = 1;  ///< Number of its last line; grows with every SIGUSR1.
  int create_status = 201;
  int taken = 0;  ///< So many more times the name is in use, though nothing can be removed.
  bool helper_says_nothing_new = false;
  std::string target = "running.json";
  std::string mounts;  ///< Of the target; empty: none.
  std::string line;    ///< What the helper says last, when it is no status.
  std::string saved;   ///< The helper's label for what stood there before.
  std::string laid = "effect=drop,direction=both,port=26257";
  std::string next;  ///< What it says of its rules once a second process has run.
  std::string exec_says;
  std::string running = "[]";  ///< The list of what runs.
  int exec_status = 201;

  FakeEngine::Answer answer(const std::string& request) {
    if (request.starts_with("POST /containers/create")) {
      if (taken > 0) {
        taken -= 1;
        return {409, R"({"message":"Conflict. The container name is already in use"})"};
      }
      const bool holds = request.find("-clean") == std::string::npos;
      if (create_status == 201 && holds) status = "created";
      return {create_status, R"({"Id":"c0ffee","message":"No such image"})"};
    }
    if (request.find("/containers/c0ffee/exec") != std::string::npos) {
      return {exec_status, R"({"Id":"0e","message":"it is not running"})"};
    }
    if (request.starts_with("POST /exec/0e/start")) {
      if (!next.empty()) laid = next;
      says += next.empty() ? 0 : 1;
      return {200, exec_says.empty() ? "" : log_frame(exec_says + "\n")};
    }
    if (request.find("/start") != std::string::npos) {
      status = "running";
      return {204, ""};
    }
    if (request.find("signal=SIGUSR1") != std::string::npos) {
      if (!helper_says_nothing_new) says += 1;
      return {204, ""};
    }
    if (request.find("/stop") != std::string::npos) {
      status = "exited";
      return {204, ""};
    }
    if (request.find("/wait") != std::string::npos) {
      status = "exited";
      exit_code = 0;
      return {200, R"({"StatusCode":0})"};
    }
    if (request.starts_with("DELETE ")) {
      if (request.find("-clean") == std::string::npos) status.clear();
      return {204, ""};
    }
    if (request == "GET /containers/json") return {200, running};
    if (request.find("/info") != std::string::npos) {
      return {200, R"({"CgroupVersion":"2","CgroupDriver":"systemd"})"};
    }
    if (request.find("/logs") != std::string::npos && !line.empty()) {
      return {200, log_frame(line + "\n")};
    }
    if (request.find("/logs") != std::string::npos) {
      return {200, log_frame("held n=" + std::to_string(says) +
                             " rules=4 met=2 owned=yes laid=" + laid + "\n")};
    }
    if (request.find(kTarget) != std::string::npos) {
      auto page = nlohmann::json::parse(fixture(target));
      if (!mounts.empty()) page["Mounts"] = nlohmann::json::parse(mounts);
      return {200, page.dump()};
    }
    if (status.empty()) return {404, R"({"message":"No such container"})"};
    return {
        200,
        R"({"Id":"c0ffee","State":{"Status":")" + status + R"(","ExitCode":)" +
            std::to_string(exit_code) +
            R"(},"Config":{"Labels":{"io.faultline.role":"nethold","io.faultline.held-saved":")" +
            saved + R"("}}})"};
  }
};

class HoldsTest : public ::testing::Test {
 protected:
  EngineWithHelper world;
  net::AddressBook book;
  FakeEngine fake{[this](const std::string& request) { return world.answer(request); }};
  DockerEngine engine{fake.host(), book};
  DockerHolds holds{engine, "faultline-nethold:0.1.0", "io.faultline.target"};
  HoldOrder order{{"f-1a-1"}, kTarget, NetRules{}, 60s, 30s};
};

TEST_F(HoldsTest, AHoldIsCreatedStartedAndReported) {
  const auto report = holds.hold(order, in(2s));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->met, 2);
  EXPECT_THAT(fake.posts(), ElementsAre("POST /containers/create?name=faultline-nethold-f-1a-1",
                                        "POST /containers/c0ffee/start"));
}

TEST_F(HoldsTest, ANetworkThatAnotherContainerIsInTooIsLeftAlone) {
  const std::string in_it = R"("HostConfig":{"NetworkMode":"container:)" + kTarget + R"("}})";
  world.running = R"([{"Names":["/faultline-nethold-f-1a-0"],"Labels":{"io.faultline.role":)"
                  R"("nethold"},)" +
                  in_it + R"(,{"Names":["/pump"],"Labels":{},)" + in_it + "]";
  const auto refused = holds.hold(order, in(2s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("the container pump is in the target's network"));
  EXPECT_THAT(fake.posts(), ::testing::IsEmpty());

  world.running = R"([{"Names":["/n2"],"HostConfig":{"NetworkMode":"container:0ther"}}])";
  EXPECT_TRUE(holds.hold(order, in(2s)));
}

TEST_F(HoldsTest, AFillNeedsAVolumeAndLeavesNothingThatWouldHaveToBeCleaned) {
  order.what = DiskFill{64};
  const auto refused = holds.hold(order, in(2s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("no volume"));
  EXPECT_THAT(fake.posts(), ::testing::IsEmpty());

  world.status = "exited";
  world.exit_code = 137;
  ASSERT_TRUE(holds.release({{"f-1a-1"}, kTarget, HoldPlace::disk}, in(2s)));
  EXPECT_THAT(fake.posts(), ::testing::IsEmpty());
}

const std::string kData =
    R"([{"Type":"volume","Name":"data","Destination":"/cockroach/data","RW":true}])";
const std::string kThrottle = "8:0,0/0/0/0,2/2/0/0";

TEST_F(HoldsTest, ADiskIsLookedAtByAHelperThatIsGoneAfterwards) {
  world.mounts = kData;
  world.line = "found 8:0,0/9437184/0/0";
  const auto share = holds.look_at_disk({"f-1a-1"}, kTarget, in(2s));
  ASSERT_TRUE(share) << share.error().message;
  EXPECT_EQ(share->device, "8:0");
  EXPECT_EQ(share->limits, (IoLimits{{0, 9'437'184, 0, 0}}));
  EXPECT_THAT(fake.requests(), Contains("DELETE /containers/c0ffee?force=1"));

  world.line = "cannot its store is on tmpfs";
  const auto refused = holds.look_at_disk({"f-1a-1"}, kTarget, in(2s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_EQ(refused.error().message, "its store is on tmpfs");
  world.line = "8:0";
  EXPECT_EQ(holds.look_at_disk({"f-1a-1"}, kTarget, in(2s)).error().code, ErrorCode::upstream);
}

TEST_F(HoldsTest, LimitsAreHeldAndNeedCleaningOnlyAfterAHelperThatWasKilled) {
  world.mounts = kData;
  order.what = *read_throttle(kThrottle);
  ASSERT_TRUE(holds.hold(order, in(2s)));
  ASSERT_TRUE(holds.release({{"f-1a-1"}, kTarget, HoldPlace::limits, kThrottle}, in(2s)));
  EXPECT_THAT(fake.posts(), Not(Contains(HasSubstr("-clean"))));
  EXPECT_THAT(fake.requests(),
              Contains("DELETE /containers/faultline-nethold-f-1a-1-look?force=1"));

  world.status = "exited";
  world.exit_code = 137;
  world.saved = kThrottle;
  ASSERT_TRUE(holds.release({{"f-1a-1"}, kTarget, HoldPlace::limits}, in(2s)));
  EXPECT_THAT(fake.posts(), Contains(HasSubstr("-clean"))) << "by the label alone";
}

TEST_F(HoldsTest, LimitsOfAHelperThatIsGoneAreCleanedByWhatWasWrittenDown) {
  ASSERT_TRUE(holds.release({{"f-1a-1"}, kTarget, HoldPlace::limits}, in(2s)));
  EXPECT_THAT(fake.posts(), ::testing::IsEmpty()) << "nothing was ever set";
  world.create_status = 404;
  const Hold hold{{"f-1a-1"}, kTarget, HoldPlace::limits, kThrottle};
  EXPECT_FALSE(holds.release(hold, in(2s))) << "they stay, image or not";
  world.create_status = 201;
  ASSERT_TRUE(holds.release(hold, in(2s)));
  world.target = "exited.json";
  world.create_status = 404;
  EXPECT_TRUE(holds.release(hold, in(2s))) << "its cgroup went with its run";
}

TEST_F(HoldsTest, AHoldThatIsThereAlreadyIsRenewed) {
  world.status = "running";
  world.create_status = 409;
  ASSERT_TRUE(holds.hold(order, in(2s)));
  EXPECT_THAT(fake.posts(), Contains("POST /containers/c0ffee/kill?signal=SIGUSR1"));
}

TEST_F(HoldsTest, WithoutTheImageItIsUnsupportedAndTheSentenceSaysWhatWouldDo) {
  world.create_status = 404;
  const auto refused = holds.hold(order, in(2s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("tools/nethold_image"));
}

TEST_F(HoldsTest, ANameThatAnEarlierRunStillTakesIsAskedForAgain) {
  world.taken = 2;
  const auto all = holds.probe(in(5s));
  EXPECT_EQ(world.taken, 0);
  EXPECT_THAT(fake.posts(), Contains("POST /containers/c0ffee/wait"));
  for (const auto& support : all) EXPECT_THAT(support.reason, Not(HasSubstr("in use")));

  world.taken = 1'000'000;
  DockerHolds other{engine, "faultline-nethold:0.1.0", "io.faultline.target"};
  for (const auto& support : other.probe(in(250ms)))
    EXPECT_THAT(support.reason, HasSubstr("in use"));
}

TEST_F(HoldsTest, AnOldLineIsNoAnswerToARenewal) {
  world.status = "running";
  world.helper_says_nothing_new = true;
  EXPECT_EQ(holds.renew({"f-1a-1"}, in(100ms)).error().code, ErrorCode::timeout);
  world.helper_says_nothing_new = false;
  EXPECT_TRUE(holds.renew({"f-1a-1"}, in(2s)));
}

TEST_F(HoldsTest, AHelperThatEndedIsNotFound) {
  EXPECT_EQ(holds.renew({"f-1a-1"}, in(2s)).error().code, ErrorCode::not_found);
  world.status = "exited";
  EXPECT_EQ(holds.renew({"f-1a-1"}, in(2s)).error().code, ErrorCode::not_found);
}

NetRules cut_from(const std::string& peer) {
  NetRules rules;
  rules.peers = {peer};
  rules.ports = {26257};
  return rules;
}

TEST_F(HoldsTest, OtherRulesAreGivenByASecondProcessAndAnsweredByTheHelper) {
  world.status = "running";
  order.what = cut_from("10.0.0.7");
  world.next = to_word(cut_from("10.0.0.7"));
  const auto report = holds.replace(order, in(2s));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(*report->laid, cut_from("10.0.0.7"));
  EXPECT_THAT(fake.posts(), ElementsAre("POST /containers/c0ffee/exec", "POST /exec/0e/start"));
}

TEST_F(HoldsTest, AnAnswerAboutTheRulesOfBeforeIsNoneAboutTheNewOnes) {
  world.status = "running";
  order.what = cut_from("10.0.0.7");
  world.next = to_word(cut_from("10.0.0.3"));
  EXPECT_EQ(holds.replace(order, in(200ms)).error().code, ErrorCode::timeout);
}

TEST_F(HoldsTest, WhatTheSecondProcessSaysIsWhyItFailed) {
  world.status = "running";
  order.what = cut_from("10.0.0.7");
  world.exec_says = "failed the rules cannot be written to /inbox";
  const auto refused = holds.replace(order, in(2s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::upstream);
  EXPECT_THAT(refused.error().message, HasSubstr("cannot be written to /inbox"));
}

TEST_F(HoldsTest, AHelperThatEndedIsGivenNoRules) {
  order.what = cut_from("10.0.0.7");
  EXPECT_EQ(holds.replace(order, in(2s)).error().code, ErrorCode::not_found);
  world.status = "running";
  world.exec_status = 409;
  EXPECT_EQ(holds.replace(order, in(2s)).error().code, ErrorCode::not_found);
  world.exec_status = 500;
  EXPECT_EQ(holds.replace(order, in(2s)).error().code, ErrorCode::upstream);
  order.what = DiskFill{64};
  EXPECT_EQ(holds.replace(order, in(2s)).error().code, ErrorCode::unsupported);
}

TEST_F(HoldsTest, AHelperThatTookItsRulesAwayIsRemovedAndNothingElseRuns) {
  world.status = "running";
  ASSERT_TRUE(holds.release({{"f-1a-1"}, kTarget}, in(2s)));
  EXPECT_THAT(fake.posts(), ElementsAre("POST /containers/c0ffee/stop?t=5"));
  EXPECT_THAT(fake.requests(), Contains("DELETE /containers/c0ffee?force=1"));
}

TEST_F(HoldsTest, AfterAHelperThatWasKilledAnotherOneCleansUp) {
  world.status = "exited";
  world.exit_code = 137;
  ASSERT_TRUE(holds.release({{"f-1a-1"}, kTarget}, in(2s)));
  EXPECT_THAT(fake.posts(),
              Contains("POST /containers/create?name=faultline-nethold-f-1a-1-clean"));
  EXPECT_TRUE(world.status.empty());
}

TEST_F(HoldsTest, WithoutAHelperTheTargetsNetworkIsCleanedToBeSure) {
  ASSERT_TRUE(holds.release({{"f-1a-1"}, kTarget}, in(2s)));
  EXPECT_THAT(fake.posts(), Contains(HasSubstr("-clean")));
}

TEST_F(HoldsTest, ANetworkThatIsGoneWithItsRunNeedsNoCleaning) {
  world.target = "exited.json";
  ASSERT_TRUE(holds.release({{"f-1a-1"}, kTarget}, in(2s)));
  EXPECT_THAT(fake.posts(), Not(Contains(StartsWith("POST /containers/create"))));
}

TEST_F(HoldsTest, NothingThatIsNoIdBecomesPartOfAPath) {
  EXPECT_FALSE(holds.renew({"../x"}, in(2s)));
  EXPECT_FALSE(holds.release({{"f/1"}, kTarget}, in(2s)));
  order.target_id = "../images";
  EXPECT_FALSE(holds.hold(order, in(2s)));
  EXPECT_TRUE(fake.requests().empty());
}

TEST_F(HoldsTest, AContainerOfAnotherHandWithOurNameIsNotTouched) {
  FakeEngine foreign{[](const std::string&) -> FakeEngine::Answer {
    return {200, R"({"Id":"c0ffee","State":{"Status":"running"},"Config":{"Labels":{}}})"};
  }};
  DockerEngine other{foreign.host(), book};
  DockerHolds theirs{other, "i", "l"};
  EXPECT_EQ(theirs.release({{"f-1a-1"}, kTarget}, in(2s)).error().code, ErrorCode::conflict);
  EXPECT_TRUE(foreign.posts().empty());
}

}  // namespace
}  // namespace faultline::chaos
