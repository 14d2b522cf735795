#include "chaosd/docker/docker_json.hpp"

#include <gmock/gmock.h>

#include "tests/unit/chaosd/docker_fake_engine.hpp"

namespace faultline::chaos {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(DockerJson, ARunningContainerIsReadAsRecorded) {
  const auto container = read_container(fixture("running.json"));
  ASSERT_TRUE(container) << container.error().message;
  const TargetInfo& target = container->target;
  EXPECT_EQ(target.name, "roach1");
  EXPECT_EQ(target.id, "1fe098e7b5867fe079c458dd5d9d7020ac61de2b1e043c7c9d78ce3a313aaa64");
  EXPECT_EQ(target.state, ContainerState::running);
  EXPECT_EQ(target.instance, "2026-11-23T11:06:06.247588984Z");
  ASSERT_TRUE(target.state_since);
  EXPECT_EQ(to_ms(*target.state_since), 1795431966247);
}

TEST(DockerJson, ANodeIsKnownByAdvertisedAddressNameAliasAndIp) {
  const auto container = read_container(fixture("running.json"));
  ASSERT_TRUE(container);
  const auto& addresses = container->target.addresses;
  EXPECT_EQ(addresses.front(), "roach1:26257");  // What it advertises comes first.
  EXPECT_THAT(addresses, Contains("roach1"));
  EXPECT_THAT(addresses, Contains("crdb-1"));
  EXPECT_THAT(addresses, Contains("172.31.77.11"));
  EXPECT_THAT(addresses, Not(Contains("0.0.0.0:26257")));  // Names every machine, so none.
}

TEST(DockerJson, ThatTheKernelKilledForLackOfMemoryIsReadOfARunThatIsOver) {
  EXPECT_FALSE(read_container(fixture("exited.json"))->target.out_of_memory);
  for (const char* name : {"exited.json", "running.json"}) {
    const auto killed = replaced(fixture(name), R"("OOMKilled": false)", R"("OOMKilled": true)");
    const auto target = read_container(killed)->target;
    EXPECT_EQ(target.out_of_memory, target.state == ContainerState::exited) << name;
  }
}

TEST(DockerJson, ANetworkThatIsNotItsOwnIsRead) {
  const auto network_of = [](const std::string& mode) {
    return read_container(replaced(fixture("running.json"), R"("NetworkMode": "fxnet")",
                                   R"("NetworkMode": ")" + mode + "\""))
        ->target.network_of;
  };
  for (const char* own : {"fxnet", "default", "bridge", "none"}) EXPECT_EQ(network_of(own), "");
  for (const char* foreign : {"host", "container:0a1b", "ns:/run/netns/x"}) {
    EXPECT_EQ(network_of(foreign), foreign);
  }
}

TEST(DockerJson, AnAdvertisedAddressInsideAShellCommandIsFound) {
  const auto body = replaced(fixture("running.json"), "--advertise-addr=roach1:26257",
                             "exec cockroach start --advertise-addr here:1 --insecure");
  const auto container = read_container(body);
  ASSERT_TRUE(container);
  EXPECT_THAT(container->target.addresses, Contains("here:1"));
}

TEST(DockerJson, AStoppedContainerKeepsItsFixedAddressAndSaysSinceWhen) {
  const auto container = read_container(fixture("exited.json"));
  ASSERT_TRUE(container);
  EXPECT_EQ(container->target.state, ContainerState::exited);
  EXPECT_THAT(container->target.addresses, Contains("172.31.77.11"));
  ASSERT_TRUE(container->target.state_since);
  EXPECT_EQ(to_ms(*container->target.state_since), 1795431967639);
}

TEST(DockerJson, ARunIsTheSameInstanceWhetherItRunsPausesOrIsOver) {
  const auto running = read_container(fixture("running.json"));
  for (const char* later : {"paused.json", "exited.json"}) {
    EXPECT_EQ(read_container(fixture(later))->target.instance, running->target.instance) << later;
  }
}

TEST(DockerJson, EveryStateOfTheEngineHasOneOfOurs) {
  const std::pair<const char*, ContainerState> states[]{
      {"created", ContainerState::created},  {"running", ContainerState::running},
      {"paused", ContainerState::paused},    {"restarting", ContainerState::restarting},
      {"removing", ContainerState::removed}, {"exited", ContainerState::exited},
      {"dead", ContainerState::removed},     {"hibernating", ContainerState::unknown}};
  for (const auto& [word, state] : states) {
    const auto container = read_container(
        replaced(fixture("running.json"), "\"running\"", "\"" + std::string{word} + "\""));
    ASSERT_TRUE(container) << word;
    EXPECT_EQ(container->target.state, state) << word;
  }
}

TEST(DockerJson, NullsWhereTheEngineHasNothingAreNoError) {
  const auto container = read_container(
      R"({"Id":"ab","Name":"/x","Args":null,"State":{"Status":"created","StartedAt":"0001-01-01T00:00:00Z","Pid":0},
          "Created":"2026-11-23T12:00:00+02:00","Config":{"Labels":null,"Hostname":""},"NetworkSettings":{"Networks":{"n":{"Aliases":null}}}})");
  ASSERT_TRUE(container) << container.error().message;
  EXPECT_EQ(container->target.addresses, std::vector<std::string>{"x"});
  ASSERT_TRUE(container->target.state_since);
  EXPECT_EQ(to_ms(*container->target.state_since), 1795428000000);
}

TEST(DockerJson, AnAnswerWithoutAPromisedFieldNamesIt) {
  const auto no_state = read_container(R"({"Id":"ab","Name":"/x"})");
  ASSERT_FALSE(no_state);
  EXPECT_EQ(no_state.error().field, "/State");
  const auto wrong_time =
      read_container(R"({"Id":"ab","Name":"/x","State":{"Status":"running","StartedAt":1}})");
  ASSERT_FALSE(wrong_time);
  EXPECT_THAT(wrong_time.error().message, HasSubstr("StartedAt"));
  EXPECT_FALSE(read_container("[]"));
  EXPECT_FALSE(read_container("404 page not found"));
  EXPECT_FALSE(read_ids("{}"));
  EXPECT_FALSE(read_ids(R"([{"Names":["/x"]}])"));
  EXPECT_FALSE(read_version("{}"));
}

TEST(DockerJson, OnlyALabelThatSaysTrueOptsIn) {
  Container container;
  EXPECT_FALSE(is_target(container, kDefaultTargetLabel));
  container.labels["io.faultline.target"] = "false";
  EXPECT_FALSE(is_target(container, kDefaultTargetLabel));
  container.labels["io.faultline.target"] = "true";
  EXPECT_TRUE(is_target(container, kDefaultTargetLabel));
  EXPECT_FALSE(is_target(container, "another.label"));
}

TEST(DockerJson, ItsOwnInfrastructureIsNeverATargetEvenWithTheLabel) {
  Container container;
  container.labels = {{"io.faultline.target", "true"}, {"io.faultline.role", "exporter"}};
  EXPECT_FALSE(is_target(container, kDefaultTargetLabel));
}

TEST(DockerJson, AnErrorAnswerIsReadWhetherJsonOrText) {
  EXPECT_EQ(read_message(R"({"message":"No such container: x"})"), "No such container: x");
  EXPECT_EQ(read_message("client version 1.50 is too new\nmore"), "client version 1.50 is too new");
  EXPECT_EQ(read_message(""), "");
}

TEST(DockerJson, TheEventFilterLeavesHealthChecksOut) {
  const std::string filter = event_filter("io.faultline.target");
  EXPECT_THAT(filter, HasSubstr("io.faultline.target%3Dtrue"));
  EXPECT_THAT(filter, HasSubstr("die"));
  EXPECT_THAT(filter, Not(HasSubstr("exec")));
  EXPECT_THAT(filter, Not(HasSubstr("health")));
}

}  // namespace
}  // namespace faultline::chaos
