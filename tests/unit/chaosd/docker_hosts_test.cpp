// Several Engines as one runtime: fakes of two, which know one container each.
#include "chaosd/docker/docker_hosts.hpp"

#include <algorithm>
#include <atomic>

#include <gmock/gmock.h>
#include <spdlog/sinks/null_sink.h>
#include <nlohmann/json.hpp>

#include "tests/unit/chaosd/deadline_in.hpp"
#include "tests/unit/chaosd/docker_fake_engine.hpp"
#include "tests/unit/common/loopback_socket.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kEu = std::string(64, 'e');
const std::string kUs = std::string(64, 'a');

std::string everywhere(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

/// An Engine with one container, called roach1, as every fixture has it, and one helper of a
/// network fault on it, if it is given one.
struct OneRoach {
  explicit OneRoach(std::string id, std::string fault = "")
      : engine([this, id, fault](const std::string& request) -> FakeEngine::Answer {
          const std::string recorded =
              "1fe098e7b5867fe079c458dd5d9d7020ac61de2b1e043c7c9d78ce3a313aaa64";
          if (is_broken) return {500, R"({"message":"broken"})"};
          if (request.find("nethold%22") != std::string::npos) {
            return {200, R"([{"Id":"c0ffee","Labels":{"io.faultline.fault":")" + fault +
                             R"(","io.faultline.held-target":")" + id + R"("}}])"};
          }
          if (request.find("?all=1") != std::string::npos) {
            return {200, everywhere(fixture("list.json"), recorded, id)};
          }
          // Without the image no helper can have been started, and so nothing is to be cleaned.
          if (request.starts_with("POST /containers/create")) return {404, "{}"};
          if (request.find("/volumes") != std::string::npos) return of_volumes(request);
          if (request.starts_with("POST ")) return {204, ""};
          if (request.find("/containers/" + id) != std::string::npos) {
            return {200, everywhere(fixture("running.json"), recorded, id)};
          }
          return {404, R"({"message":"No such container"})"};
        }) {}

  /// One volume at most, which has the labels of `mark`.
  FakeEngine::Answer of_volumes(const std::string& request) {
    const std::string volume =
        mark ? nlohmann::json{{"Name", "faultline-mark-" + mark->fault.value},
                              {"Labels", mark_labels(*mark, "io.faultline.target")}}
                   .dump()
             : "";
    if (request.starts_with("GET /volumes?")) return {200, R"({"Volumes":[)" + volume + "]}"};
    if (request.starts_with("DELETE ")) return {204, ""};
    if (!mark) return {404, R"({"message":"no such volume"})"};
    return {request.starts_with("POST ") ? 201 : 200, volume};
  }

  std::atomic<bool> is_broken = false;
  std::optional<Mark> mark = {};
  FakeEngine engine;
};

class Hosts : public ::testing::Test {
 protected:
  /// Anew, as after a restart of chaosd with these flags.
  Runtime& given(const std::vector<DockerHost>& hosts) {
    const Logger log =
        std::make_shared<spdlog::logger>("silent", std::make_shared<spdlog::sinks::null_sink_mt>());
    runtime_.reset();
    fleet_ = DockerFleet::create({hosts, "io.faultline.target"}, book_, log).value();
    runtime_ = fleet_->make_runtime();
    return *runtime_;
  }
  Runtime& both() { return given({{"eu", eu_.engine.host()}, {"us", us_.engine.host()}}); }
  /// The second is away: nobody listens there.
  Runtime& without_us() { return given({{"eu", eu_.engine.host()}, {"us", "unix:///nowhere"}}); }
  static std::vector<std::string> names_in(const Result<std::vector<TargetInfo>>& listed) {
    std::vector<std::string> names;
    EXPECT_TRUE(listed) << (listed ? "" : listed.error().message);
    if (listed) {
      for (const auto& target : *listed) names.push_back(target.name);
    }
    return names;
  }

  net::AddressBook book_;
  OneRoach eu_{kEu, "f-1a-1"};
  OneRoach us_{kUs, "f-1a-2"};
  std::unique_ptr<DockerFleet> fleet_;
  std::unique_ptr<Runtime> runtime_;
};

TEST_F(Hosts, TargetsOfOneNameAreToldApartByTheirHost) {
  const auto targets = both().list(in(2s));
  EXPECT_THAT(names_in(targets), ElementsAre("roach1@eu", "roach1@us"));
  EXPECT_EQ(targets->front().id, kEu + "@eu");
  EXPECT_EQ(targets->front().host, "eu");
  EXPECT_THAT(targets->front().addresses, Contains("roach1")) << "what it advertises has no host";
}

TEST_F(Hosts, TheOnlyOneWithoutANameIsAsItAlwaysWas) {
  const auto targets = given({{"", eu_.engine.host()}}).list(in(2s));
  EXPECT_THAT(names_in(targets), ElementsAre("roach1"));
  EXPECT_EQ(targets->front().id, kEu);
  EXPECT_TRUE(runtime_->kill(kEu, in(2s)));
}

TEST_F(Hosts, AnActGoesToTheHostOfItsTargetAndToNoOther) {
  Runtime& runtime = both();
  EXPECT_TRUE(runtime.kill(kUs + "@us", in(2s)));
  EXPECT_TRUE(runtime.stop(kUs + "@us", 1s, in(2s)));
  EXPECT_TRUE(runtime.pause(kUs + "@us", in(2s)));
  EXPECT_THAT(us_.engine.posts(), ::testing::SizeIs(3));
  EXPECT_THAT(eu_.engine.requests(), IsEmpty());
  EXPECT_EQ(runtime.kill(kEu + "@us", in(2s)).error().code, ErrorCode::not_found)
      << "it is not there, though elsewhere";
  EXPECT_THAT(eu_.engine.requests(), IsEmpty());
}

TEST_F(Hosts, IdsMeanTheSameWhateverTheOrderOfTheFlags) {
  given({{"us", us_.engine.host()}, {"eu", eu_.engine.host()}});
  EXPECT_TRUE(runtime_->kill(kEu + "@eu", in(2s)));
  EXPECT_THAT(eu_.engine.posts(), ElementsAre("POST /containers/" + kEu + "/kill?signal=SIGKILL"));
}

TEST_F(Hosts, AnIdOfBeforeThereWereSeveralIsFound) {
  EXPECT_EQ(both().inspect(kUs, in(2s))->id, kUs + "@us");
  EXPECT_TRUE(runtime_->kill(kUs, in(2s)));
  EXPECT_THAT(us_.engine.posts(), ElementsAre("POST /containers/" + kUs + "/kill?signal=SIGKILL"));
  EXPECT_THAT(eu_.engine.posts(), IsEmpty());
}

TEST_F(Hosts, WhatIsNowhereIsGoneOnlyWhenEveryHostSaysSo) {
  const std::string nobody(64, '0');
  EXPECT_EQ(both().inspect(nobody, in(2s)).error().code, ErrorCode::not_found);
  const auto unknown = without_us().inspect(nobody, in(2s));
  EXPECT_EQ(unknown.error().code, ErrorCode::unavailable);
  EXPECT_THAT(unknown.error().message, HasSubstr("Docker host us"));
}

TEST_F(Hosts, ATargetOfAHostThatNoFlagNamesIsNotGone) {
  for (const bool several : {true, false}) {
    Runtime& runtime = several ? both() : given({{"", eu_.engine.host()}});
    const auto lost = runtime.inspect(kEu + "@asia", in(2s));
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::unavailable);
    EXPECT_THAT(lost.error().message, HasSubstr("host asia, which no --docker.host names"));
  }
}

TEST_F(Hosts, AHostThatIsAwayHidesNothingOfTheOthers) {
  Runtime& runtime = without_us();
  EXPECT_THAT(names_in(runtime.list(in(2s))), ElementsAre("roach1@eu"));
  EXPECT_TRUE(runtime.kill(kEu + "@eu", in(2s)));
  const auto away = runtime.inspect(kUs + "@us", in(2s));
  EXPECT_EQ(away.error().code, ErrorCode::unavailable);
  EXPECT_THAT(away.error().message, HasSubstr("Docker host us: "));
  const auto none = given({{"eu", "unix:///nowhere"}, {"us", "unix:///nowhere/else"}}).list(in(2s));
  EXPECT_EQ(none.error().code, ErrorCode::unavailable) << "which is not an empty list";
}

/// The second call would wait for the whole hour, if the gate let it through.
TEST_F(Hosts, AHostThatIsSilentIsWaitedForByOneCallerOnly) {
  const test::LoopbackSocket silent;
  given({{"eu", eu_.engine.host()}, {"us", "tcp://127.0.0.1:" + silent.port()}});
  EXPECT_EQ(runtime_->inspect(kUs + "@us", in(30ms)).error().code, ErrorCode::timeout);
  EXPECT_EQ(runtime_->kill(kUs + "@us", in(1h)).error().code, ErrorCode::unavailable);
  EXPECT_EQ(fleet_->make_runtime()->inspect(kUs + "@us", in(1h)).error().code,
            ErrorCode::unavailable)
      << "of any worker";
  EXPECT_THAT(names_in(runtime_->list(in(1h))), ElementsAre("roach1@eu"));
}

TEST_F(Hosts, WhatIsHeldIsSweptHostByHost) {
  Holds& holds = *without_us().holds();
  EXPECT_EQ(holds.all(in(2s)).error().code, ErrorCode::unavailable)
      << "nobody knows what the other one holds";
  const auto parts = holds.parts();
  ASSERT_EQ(parts.size(), 2U);
  const auto of_eu = parts[0]->all(in(2s));
  ASSERT_TRUE(of_eu);
  EXPECT_EQ(of_eu->front().target_id, kEu + "@eu");
  EXPECT_FALSE(parts[1]->all(in(2s)));
}

/// A host may be called otherwise in the next run, so that its name is no part of a mark.
TEST_F(Hosts, AMarkIsOnTheHostOfItsTargetAndFoundHostByHost) {
  Mark mark{{"f-1a-2"}, FaultKind::pause, kUs + "@us", "roach1@us", "", 0s, "", {}, {}};
  us_.mark = mark;
  us_.mark->target_id = kUs;
  us_.mark->target = "roach1";
  OwnershipMarks& marks = *both().marks();
  EXPECT_TRUE(marks.put_mark(mark, in(2s)));
  const auto found = marks.find_marks(in(2s));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(found->marks, ElementsAre(mark));
  EXPECT_TRUE(marks.take_mark(mark.fault, mark.target_id, in(2s)));
  EXPECT_THAT(us_.engine.requests(), Contains("DELETE /volumes/faultline-mark-f-1a-2"));
  EXPECT_THAT(eu_.engine.requests(), ElementsAre(StartsWith("GET /volumes?filters=")));

  const auto parts = without_us().marks()->mark_parts();
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_TRUE(parts[0]->find_marks(in(2s)));
  EXPECT_FALSE(parts[1]->find_marks(in(2s))) << "nobody knows what is marked there";
  EXPECT_TRUE(runtime_->marks()->find_marks_of(kEu + "@eu", in(2s)));
  EXPECT_FALSE(runtime_->marks()->find_marks_of(mark.target_id, in(2s)));
  EXPECT_FALSE(runtime_->marks()->put_mark(mark, in(2s)));
}

TEST_F(Hosts, AHoldOfAnEarlierRunIsAskedForWhereItMayBe) {
  Holds& holds = *both().holds();
  EXPECT_EQ(holds.renew({"f-1a-9"}, in(2s)).error().code, ErrorCode::not_found);
  EXPECT_EQ(without_us().holds()->renew({"f-1a-9"}, in(2s)).error().code, ErrorCode::unavailable);
  ASSERT_TRUE(both().holds()->all(in(2s)));  // Which tells where each is.
  const auto before = eu_.engine.requests().size();
  (void)runtime_->holds()->renew({"f-1a-2"}, in(2s));
  EXPECT_EQ(eu_.engine.requests().size(), before);
  EXPECT_THAT(us_.engine.requests(), Contains("GET /containers/faultline-nethold-f-1a-2/json"));
}

TEST_F(Hosts, AReleaseGoesToTheTargetsHostAndWithoutOneToAll) {
  EXPECT_TRUE(both().holds()->release({{"f-1a-2"}, kUs + "@us"}, in(2s)));
  EXPECT_THAT(eu_.engine.requests(), IsEmpty());
  // Of before there were several, and gone since: there is nothing to clean, but a helper may be.
  EXPECT_TRUE(runtime_->holds()->release({{"f-1a-3"}, std::string(64, '0')}, in(2s)));
  for (auto* one : {&eu_, &us_}) {
    EXPECT_THAT(one->engine.requests(), Contains("GET /containers/faultline-nethold-f-1a-3/json"));
  }
  EXPECT_EQ(without_us().holds()->release({{"f-1a-2"}, kUs + "@us"}, in(2s)).error().code,
            ErrorCode::unavailable)
      << "which is tried again";
}

TEST_F(Hosts, LimitsAreReadOnTheTargetsHost) {
  (void)both().limits()->read(kUs + "@us", in(2s));
  EXPECT_THAT(us_.engine.requests(), ElementsAre("GET /containers/" + kUs + "/json"));
  EXPECT_THAT(eu_.engine.requests(), IsEmpty());
}

TEST_F(Hosts, OneEngineUnderTwoNamesIsToldOfTheSecond) {
  const OneRoach& same = eu_;
  given({{"eu", eu_.engine.host()}, {"uk", same.engine.host()}});
  const auto first = fleet_->make_watched(0)->list(in(2s));
  const auto second = fleet_->make_watched(1)->list(in(2s));
  EXPECT_TRUE(first);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("Docker host uk: it has container eeeeeeeeeeee"));
  EXPECT_TRUE(fleet_->make_watched(0)->list(in(2s))) << "and again";
}

TEST_F(Hosts, AnAddressThatNobodyCanListenOnIsRefusedByName) {
  const auto fleet = DockerFleet::create({{{"eu", "tcp://x"}}}, book_, nullptr);
  ASSERT_FALSE(fleet);
  EXPECT_EQ(fleet.error().field, "--docker.host");
}

}  // namespace
}  // namespace faultline::chaos
