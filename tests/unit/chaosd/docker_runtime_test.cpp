#include "chaosd/docker/docker_runtime.hpp"

#include <algorithm>
#include <atomic>

#include <gmock/gmock.h>

#include "tests/unit/chaosd/deadline_in.hpp"
#include "tests/unit/chaosd/docker_fake_engine.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kId = "1fe098e7b5867fe079c458dd5d9d7020ac61de2b1e043c7c9d78ce3a313aaa64";

std::unique_ptr<Runtime> runtime_of(const FakeEngine& engine, net::AddressBook& book) {
  auto runtime = make_docker_runtime({.host = engine.host()}, book);
  EXPECT_TRUE(runtime);
  return std::move(*runtime);
}

/// An Engine with one container, which every POST is answered `status` for. What
/// inspect says is `before` until the first POST and `after` from then on.
struct OneContainer {
  OneContainer(std::string before, int status, std::string message, std::string after = "")
      : engine([=, posted = false](const std::string& request) mutable -> FakeEngine::Answer {
          if (request.starts_with("POST ")) {
            posted = true;
            return {status, R"({"message":")" + message + "\"}"};
          }
          return {200, fixture(posted && !after.empty() ? after : before)};
        }),
        runtime(runtime_of(engine, book)) {}

  net::AddressBook book;
  FakeEngine engine;
  std::unique_ptr<Runtime> runtime;
};

TEST(DockerRuntime, ListsWhatOptedInAndAsksTheEngineForNothingElse) {
  net::AddressBook book;
  FakeEngine engine{[](const std::string& request) -> FakeEngine::Answer {
    return {200,
            fixture(request.find("?all=1") != std::string::npos ? "list.json" : "running.json")};
  }};
  const auto targets = runtime_of(engine, book)->list(in(2s));
  ASSERT_TRUE(targets) << targets.error().message;
  ASSERT_EQ(targets->size(), 1U);
  EXPECT_EQ(targets->front().name, "roach1");
  const auto asked = engine.requests();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0], "GET /_ping");
  EXPECT_EQ(asked[1],
            "GET /containers/json?all=1&filters=%7B%22label%22%3A%5B%22io.faultline."
            "target%3Dtrue%22%5D%7D");
  EXPECT_EQ(asked[2], "GET /containers/" + kId + "/json");
}

TEST(DockerRuntime, AContainerThatGoesBetweenListAndInspectIsLeftOut) {
  net::AddressBook book;
  FakeEngine engine{[](const std::string& request) -> FakeEngine::Answer {
    if (request.find("?all=1") != std::string::npos) return {200, fixture("list.json")};
    return {404, R"({"message":"No such container"})"};
  }};
  const auto targets = runtime_of(engine, book)->list(in(2s));
  ASSERT_TRUE(targets);
  EXPECT_THAT(*targets, IsEmpty());
}

TEST(DockerRuntime, AListThatCannotBeReadIsAnErrorNotAnEmptyList) {
  net::AddressBook book;
  FakeEngine broken{[](const std::string&) -> FakeEngine::Answer { return {200, "{]"}; }};
  EXPECT_EQ(runtime_of(broken, book)->list(in(2s)).error().code, ErrorCode::upstream);
  FakeEngine failing{[](const std::string&) -> FakeEngine::Answer {
    return {500, R"({"message":"invalid filter"})"};
  }};
  const auto failed = runtime_of(failing, book)->list(in(2s));
  EXPECT_EQ(failed.error().code, ErrorCode::upstream);
  EXPECT_THAT(failed.error().message, HasSubstr("invalid filter"));
}

TEST(DockerRuntime, DescribesTheEngineByItsOwnVersion) {
  net::AddressBook book;
  FakeEngine engine{[](const std::string&) {
    return FakeEngine::Answer{200, fixture("version.json")};
  }};
  const auto words = runtime_of(engine, book)->describe(in(2s));
  ASSERT_TRUE(words);
  EXPECT_EQ(*words, "Docker Engine 20.10.24+dfsg1, API 1.41");
  EXPECT_THAT(engine.requests(), ElementsAre("GET /version"));  // No API version in the path.
}

TEST(DockerRuntime, AnEngineThatWillNotDoIsRefusedInOneSentence) {
  struct Row {
    const char* says;
    const char* version;
    const char* sentence;
  };
  for (const auto& [says, version, sentence] :
       {Row{"Api-Version: 1.23\r\n", "", "1.24 is the oldest"},
        Row{"Api-Version: 0.99\r\n", "", "1.24 is the oldest"},
        Row{"Api-Version: 1.41\r\nOstype: windows\r\n", "", "it serves windows containers"},
        Row{"Api-Version: latest\r\n", "", "is it one?"},
        Row{"", R"({"Version":"1.11.2","ApiVersion":"1.23","Os":"linux"})", "1.24 is the oldest"},
        Row{"", "OK", "cannot read the Docker Engine's answer"}}) {
    net::AddressBook book;
    FakeEngine engine{[v = version](const std::string&) {
                        return FakeEngine::Answer{200, v};
                      },
                      says};
    const auto targets = runtime_of(engine, book)->list(in(2s));
    ASSERT_FALSE(targets) << sentence;
    EXPECT_THAT(targets.error().message, HasSubstr(sentence));
    EXPECT_THAT(engine.requests(), ::testing::Not(::testing::Contains(HasSubstr("/containers"))));
  }
}

TEST(DockerRuntime, TheOldestAndTheNewestWillDoAndAreAskedOnceWithoutAVersionInThePath) {
  for (const char* says : {"Api-Version: 1.24\r\n", "Api-Version: 1.52\r\nOstype: linux\r\n"}) {
    net::AddressBook book;
    FakeEngine engine{[](const std::string&) { return FakeEngine::Answer{200, "[]"}; }, says};
    const auto runtime = runtime_of(engine, book);
    EXPECT_TRUE(runtime->list(in(2s))) << says;
    EXPECT_TRUE(runtime->list(in(2s)));
    const auto asked = engine.requests();
    EXPECT_EQ(std::count(asked.begin(), asked.end(), "GET /_ping"), 1);
    for (const auto& request : asked) EXPECT_EQ(request.find("/v1."), std::string::npos);
  }
}

TEST(DockerRuntime, AnEngineThatWasAwayIsMetAnew) {
  std::string failing;
  net::AddressBook book;
  FakeEngine engine{[&](const std::string& request) -> FakeEngine::Answer {
    const bool fails = !failing.empty() && request.find(failing) != std::string::npos;
    return fails ? FakeEngine::Answer{503, R"({"message":"starting"})"}
                 : FakeEngine::Answer{200, "[]"};
  }};
  const auto runtime = runtime_of(engine, book);
  EXPECT_TRUE(runtime->list(in(2s)));
  failing = "/containers";
  EXPECT_FALSE(runtime->list(in(2s)));
  failing.clear();
  EXPECT_TRUE(runtime->list(in(2s)));
  const auto asked = engine.requests();
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "GET /_ping"), 2);
}

TEST(DockerRuntime, PodmanIsCalledByItsName) {
  net::AddressBook book;
  FakeEngine engine{[](const std::string&) {
    return FakeEngine::Answer{200, R"({"Version":"4.3.1","ApiVersion":"1.41","Os":"linux",
        "Components":[{"Name":"Podman Engine","Version":"4.3.1"}]})"};
  }};
  EXPECT_EQ(runtime_of(engine, book)->describe(in(2s)).value(), "Podman 4.3.1, API 1.41");
}

TEST(DockerRuntime, StopsWithTheGraceThatWasAskedFor) {
  OneContainer one{"running.json", 204, ""};
  EXPECT_TRUE(one.runtime->stop(kId, 30s, in(2s)));
  EXPECT_THAT(one.engine.posts(), ElementsAre("POST /containers/" + kId + "/stop?t=30"));
}

TEST(DockerRuntime, KillsPausesAndUnpausesById) {
  OneContainer running{"running.json", 204, ""};
  EXPECT_TRUE(running.runtime->kill(kId, in(2s)));
  EXPECT_TRUE(running.runtime->pause(kId, in(2s)));
  EXPECT_THAT(running.engine.posts(),
              ElementsAre("POST /containers/" + kId + "/kill?signal=SIGKILL",
                          "POST /containers/" + kId + "/pause"));
  OneContainer paused{"paused.json", 204, ""};
  EXPECT_TRUE(paused.runtime->unpause(kId, in(2s)));
  EXPECT_THAT(paused.engine.posts(), ElementsAre("POST /containers/" + kId + "/unpause"));
  OneContainer exited{"exited.json", 204, ""};
  EXPECT_TRUE(exited.runtime->start(kId, in(2s)));
  EXPECT_THAT(exited.engine.posts(), ElementsAre("POST /containers/" + kId + "/start"));
}

TEST(DockerRuntime, WhatTheEngineWouldRemoveWhenItIsDownIsNeitherStoppedNorKilled) {
  std::string body = fixture("running.json");
  body.replace(body.find(R"("HostConfig": {)"), 15, R"("HostConfig": {"AutoRemove": true,)");
  net::AddressBook book;
  FakeEngine engine{[&](const std::string&) { return FakeEngine::Answer{200, body}; }};
  const auto runtime = runtime_of(engine, book);
  EXPECT_TRUE(runtime->inspect(kId, in(2s))->removed_when_down);
  for (const auto& refused : {runtime->stop(kId, 1s, in(2s)), runtime->kill(kId, in(2s))}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_THAT(refused.error().message, HasSubstr("roach1 was made with --rm"));
  }
  EXPECT_THAT(engine.posts(), IsEmpty());
}

TEST(DockerRuntime, WhatIsTheCaseAlreadyIsSuccessWithoutTouchingAnything) {
  OneContainer exited{"exited.json", 500, "must not be called"};
  EXPECT_TRUE(exited.runtime->stop(kId, 1s, in(2s)));
  EXPECT_TRUE(exited.runtime->kill(kId, in(2s)));
  EXPECT_TRUE(exited.runtime->unpause(kId, in(2s)));
  EXPECT_THAT(exited.engine.posts(), IsEmpty());
  OneContainer running{"running.json", 500, "must not be called"};
  EXPECT_TRUE(running.runtime->start(kId, in(2s)));
  EXPECT_TRUE(running.runtime->unpause(kId, in(2s)));
  EXPECT_THAT(running.engine.posts(), IsEmpty());
  OneContainer paused{"paused.json", 500, "must not be called"};
  EXPECT_TRUE(paused.runtime->pause(kId, in(2s)));
  EXPECT_THAT(paused.engine.posts(), IsEmpty());
}

TEST(DockerRuntime, NotModifiedIsSuccess) {
  OneContainer one{"running.json", 304, ""};
  EXPECT_TRUE(one.runtime->stop(kId, 1s, in(2s)));
}

TEST(DockerRuntime, ARefusalIsSuccessWhenTheWantedStateCameByItself) {
  OneContainer died{"running.json", 409, "is not running", "exited.json"};
  EXPECT_TRUE(died.runtime->kill(kId, in(2s)));
  OneContainer thawed{"paused.json", 500, "is not paused", "running.json"};
  EXPECT_TRUE(thawed.runtime->unpause(kId, in(2s)));
}

TEST(DockerRuntime, ARefusalIsAConflictAndAFailureIsUpstreamWithTheEnginesWords) {
  OneContainer refused{"running.json", 409, "container is restarting"};
  const auto pause = refused.runtime->pause(kId, in(2s));
  ASSERT_FALSE(pause);
  EXPECT_EQ(pause.error().code, ErrorCode::conflict);
  EXPECT_THAT(pause.error().message, HasSubstr("container is restarting"));
  OneContainer failed{"exited.json", 500, "port is already allocated"};
  const auto start = failed.runtime->start(kId, in(2s));
  ASSERT_FALSE(start);
  EXPECT_EQ(start.error().code, ErrorCode::upstream);
  EXPECT_THAT(start.error().message, HasSubstr("port is already allocated"));
}

TEST(DockerRuntime, APausedContainerIsNotStartedButSaidToBePaused) {
  OneContainer one{"paused.json", 204, ""};
  EXPECT_EQ(one.runtime->start(kId, in(2s)).error().code, ErrorCode::conflict);
  EXPECT_THAT(one.engine.posts(), IsEmpty());
}

TEST(DockerRuntime, AContainerThatLostItsLabelIsNotTouched) {
  auto without_label = fixture("running.json");
  without_label.replace(without_label.find("io.faultline.target"), 19, "io.faultline.former");
  auto with_role = fixture("running.json");
  with_role.replace(with_role.find("com.docker.compose.service"), 26, "io.faultline.role");
  for (const auto& body : {without_label, with_role}) {
    net::AddressBook book;
    FakeEngine engine{[&](const std::string&) { return FakeEngine::Answer{200, body}; }};
    const auto runtime = runtime_of(engine, book);
    EXPECT_EQ(runtime->kill(kId, in(2s)).error().code, ErrorCode::not_found);
    EXPECT_EQ(runtime->stop(kId, 1s, in(2s)).error().code, ErrorCode::not_found);
    EXPECT_EQ(runtime->pause(kId, in(2s)).error().code, ErrorCode::not_found);
    EXPECT_EQ(runtime->unpause(kId, in(2s)).error().code, ErrorCode::not_found);
    EXPECT_EQ(runtime->start(kId, in(2s)).error().code, ErrorCode::not_found);
    EXPECT_THAT(engine.posts(), IsEmpty());
  }
}

TEST(DockerRuntime, AnIdThatIsNoIdNeverBecomesPartOfAPath) {
  net::AddressBook book;
  FakeEngine engine{[](const std::string&) { return FakeEngine::Answer{204, ""}; }};
  const auto runtime = runtime_of(engine, book);
  for (const char* id : {"", "../../images", "abc/json?x=", "ABC", "process:n1"}) {
    EXPECT_EQ(runtime->kill(id, in(2s)).error().code, ErrorCode::not_found) << id;
  }
  EXPECT_THAT(engine.requests(), IsEmpty());
}

TEST(DockerRuntime, AGoneContainerIsNotFound) {
  net::AddressBook book;
  FakeEngine engine{[](const std::string&) {
    return FakeEngine::Answer{404, R"({"message":"no"})"};
  }};
  EXPECT_EQ(runtime_of(engine, book)->inspect(kId, in(2s)).error().code, ErrorCode::not_found);
}

TEST(DockerRuntime, AnEngineThatIsAwayIsUnavailable) {
  net::AddressBook book;
  auto runtime = make_docker_runtime({.host = "unix:///nowhere/docker.sock"}, book);
  ASSERT_TRUE(runtime);
  EXPECT_EQ((*runtime)->list(in(2s)).error().code, ErrorCode::unavailable);
  EXPECT_EQ((*runtime)->describe(in(2s)).error().code, ErrorCode::unavailable);
  EXPECT_EQ((*runtime)->wait_for_change(in(1ms), {}).error().code, ErrorCode::unavailable);
}

TEST(DockerRuntime, AHostThatNobodyCanListenOnIsRefusedByName) {
  net::AddressBook book;
  const auto runtime = make_docker_runtime({.host = "http:/x"}, book);
  ASSERT_FALSE(runtime);
  EXPECT_EQ(runtime.error().code, ErrorCode::invalid);
  EXPECT_EQ(runtime.error().field, "--docker.host");
  EXPECT_TRUE(make_docker_runtime({.host = "tcp://127.0.0.1:2375"}, book));
  EXPECT_EQ(make_docker_runtime({.label = "a=b"}, book).error().field, "--docker.label");
}

struct Watch {
  net::AddressBook book;
  FakeEngine engine{[](const std::string&) { return FakeEngine::Answer{200, ""}; }};
  std::unique_ptr<Runtime> runtime = runtime_of(engine, book);
  Watch() { EXPECT_TRUE(runtime->wait_for_change(in(2s), {})); }  // Opening is a hint in itself.
};

TEST(DockerWatch, AnEventEndsTheWait) {
  Watch watch;
  watch.engine.say(R"({"Type":"container","Action":"die"})");
  EXPECT_TRUE(watch.runtime->wait_for_change(Deadline::max() - 1h, {}));
  EXPECT_EQ(watch.engine.requests().size(), 1U);  // The stream stayed open.
}

TEST(DockerWatch, SeveralEventsOfOneActAreOneChange) {
  Watch watch;
  watch.engine.say_raw(FakeEngine::chunk("{\"a\":1}\n{\"a\":2}\n") +
                       FakeEngine::chunk("{\"a\":3}\n"));
  EXPECT_TRUE(watch.runtime->wait_for_change(in(5s), {}));
  const auto started = std::chrono::steady_clock::now();
  EXPECT_TRUE(watch.runtime->wait_for_change(in(30ms), {}));
  EXPECT_GE(std::chrono::steady_clock::now() - started, 25ms);  // Nothing was left over.
}

TEST(DockerWatch, AnEventCutAnywhereIsPutTogether) {
  Watch watch;
  const std::string bytes = FakeEngine::chunk("{\"Action\":") + FakeEngine::chunk("\"die\"}\n");
  for (const char byte : bytes) watch.engine.say_raw(std::string{byte});
  EXPECT_TRUE(watch.runtime->wait_for_change(Deadline::max() - 1h, {}));
}

TEST(DockerWatch, TheDeadlineEndsTheWait) {
  Watch watch;
  EXPECT_TRUE(watch.runtime->wait_for_change(in(5ms), {}));
}

TEST(DockerWatch, AStopRequestEndsTheWait) {
  Watch watch;
  std::stop_source stop;
  std::jthread stopper{[&] { stop.request_stop(); }};
  EXPECT_TRUE(watch.runtime->wait_for_change(Deadline::max() - 1h, stop.get_token()));
}

TEST(DockerWatch, AnEngineThatHangsUpIsAnErrorOnceAndThenAskedAgain) {
  Watch watch;
  watch.engine.hang_up();
  EXPECT_EQ(watch.runtime->wait_for_change(in(5s), {}).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(watch.runtime->wait_for_change(in(5s), {}));
  EXPECT_EQ(watch.engine.requests().size(), 2U);
}

TEST(DockerWatch, ADeathWhileTheFeedIsCutIsInTheListAfterwards) {
  const std::string before = fixture("running.json");
  const std::string after = fixture("exited.json");
  std::atomic<bool> died = false;
  net::AddressBook book;
  FakeEngine engine{[&](const std::string& request) -> FakeEngine::Answer {
    if (request.find("?all=1") != std::string::npos) return {200, fixture("list.json")};
    return {200, died ? after : before};
  }};
  const auto runtime = runtime_of(engine, book);
  EXPECT_TRUE(runtime->wait_for_change(in(2s), {}));
  EXPECT_EQ(runtime->list(in(2s))->front().state, ContainerState::running);
  engine.hang_up();
  died = true;  // And nobody says so.
  EXPECT_FALSE(runtime->wait_for_change(in(2s), {}));
  EXPECT_TRUE(runtime->wait_for_change(in(2s), {})) << "to be open again is a hint in itself";
  EXPECT_EQ(runtime->list(in(2s))->front().state, ContainerState::exited);
}

TEST(DockerWatch, AnEngineThatCannotBeListedLosesItsFeedTooForItMayBeDeaf) {
  Watch watch;
  EXPECT_FALSE(watch.runtime->list(in(2s)));  // It answers with nothing that can be read.
  EXPECT_TRUE(watch.runtime->wait_for_change(in(2s), {}));
  const auto asked = watch.engine.requests();
  EXPECT_EQ(std::count_if(asked.begin(), asked.end(),
                          [](const auto& line) { return line.starts_with("GET /events"); }),
            2);
}

TEST(DockerWatch, AnEngineThatRefusesTheFeedIsUpstream) {
  net::AddressBook book;
  FakeEngine engine{[](const std::string&) { return FakeEngine::Answer{400, "no"}; }};
  const auto waited = runtime_of(engine, book)->wait_for_change(in(5ms), {});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::upstream);
}

}  // namespace
}  // namespace faultline::chaos
