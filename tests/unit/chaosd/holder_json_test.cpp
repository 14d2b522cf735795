#include "chaosd/docker/holder_json.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "chaosd/docker/docker_holds.hpp"
#include "tests/unit/chaosd/log_frame.hpp"

namespace faultline::chaos {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(HolderJson, TheHelperHasOneCapabilityAndNoWayToWrite) {
  const auto body = nlohmann::json::parse(
      create_body({"faultline-nethold:0.1.0", {"hold"}, {{"a", "b"}}, "container:c0ffee"}));
  const auto& host = body["HostConfig"];
  EXPECT_EQ(host["CapDrop"], nlohmann::json::array({"ALL"}));
  EXPECT_EQ(host["CapAdd"], nlohmann::json::array({"NET_ADMIN"}));
  EXPECT_EQ(host["NetworkMode"], "container:c0ffee");
  EXPECT_EQ(host["ReadonlyRootfs"], true);
  EXPECT_EQ(host["SecurityOpt"], nlohmann::json::array({"no-new-privileges:true"}));
  EXPECT_EQ(host["RestartPolicy"]["Name"], "no");
  EXPECT_FALSE(host.contains("Privileged"));
  EXPECT_FALSE(host.contains("Binds"));
  EXPECT_EQ(body["Labels"]["a"], "b");
}

TEST(HolderJson, AHelperForLimitsHasOneCgroupAndOneThatOnlyLooksCannotWrite) {
  HolderSpec spec{"i", {"look"}, {}, "none", ""};
  spec.volume = StoreVolume{"volume", "data"};
  spec.cgroup = "/sys/fs/cgroup/docker/c0ffee";
  spec.looks_only = true;
  auto host = nlohmann::json::parse(create_body(spec))["HostConfig"];
  EXPECT_TRUE(host["CapAdd"].empty());
  EXPECT_EQ(host["CgroupnsMode"], "host");
  EXPECT_FALSE(host.contains("PidMode")) << "the node could reach the cgroup through it";
  ASSERT_EQ(host["Mounts"].size(), 2U);
  for (const auto& mount : host["Mounts"]) EXPECT_EQ(mount["ReadOnly"], true);
  EXPECT_EQ(host["Mounts"][1]["Source"], "/sys/fs/cgroup/docker/c0ffee");
  EXPECT_EQ(host["Mounts"][1]["Target"], "/cgroup");
  spec.looks_only = false;
  host = nlohmann::json::parse(create_body(spec))["HostConfig"];
  for (const auto& mount : host["Mounts"]) EXPECT_EQ(mount["ReadOnly"], false);
}

TEST(HolderJson, AHelperThatHoldsRulesHasAPlaceInMemoryForOthers) {
  HolderSpec spec{"i", {"hold"}, {}, "container:c0ffee"};
  EXPECT_FALSE(nlohmann::json::parse(create_body(spec))["HostConfig"].contains("Tmpfs"));
  spec.has_inbox = true;
  const auto host = nlohmann::json::parse(create_body(spec))["HostConfig"];
  EXPECT_THAT(host["Tmpfs"]["/inbox"].get<std::string>(), HasSubstr("noexec"));
  EXPECT_EQ(host["ReadonlyRootfs"], true);
}

TEST(HolderJson, ASecondProcessIsWordsWithoutAShell) {
  EXPECT_EQ(nlohmann::json::parse(exec_body({"/faultline-nethold", "replace"})),
            nlohmann::json::parse(R"({"Cmd":["/faultline-nethold","replace"],
                                      "AttachStdout":true,"AttachStderr":true})"));
  EXPECT_EQ(nlohmann::json::parse(exec_start_body())["Detach"], false) << "its end is awaited";
}

TEST(HolderJson, TheRulesThatAreHeldAreReadAndANoteBehindThemIsNone) {
  const auto held = read_held_line(
      "held n=3 rules=4 met=0 owned=yes laid=effect=drop,direction=both,peer=10.0.0.2,port=26257 "
      "note=nothing laid=port=1");
  ASSERT_TRUE(held) << held.error().message;
  ASSERT_TRUE(held->report.laid);
  EXPECT_THAT(held->report.laid->peers, ElementsAre("10.0.0.2"));
  EXPECT_THAT(held->report.laid->ports, ElementsAre(26257));
  EXPECT_EQ(held->report.note, "nothing laid=port=1");
  EXPECT_FALSE(read_held_line("held n=3 rules=0 met=0 owned=yes")->report.laid);
  EXPECT_FALSE(read_held_line("held n=3 rules=0 met=0 owned=yes laid=peer=x"));
}

TEST(HolderJson, ALogComesInFramesAndALineMayBeCut) {
  EXPECT_THAT(read_log(log_frame("held n=1\nheld") + log_frame(" n=2\n")),
              ElementsAre("held n=1", "held n=2"));
  EXPECT_THAT(read_log(log_frame("held n=1\n").substr(0, 12)), ElementsAre("held"));
  EXPECT_THAT(read_log(""), IsEmpty());
  EXPECT_THAT(read_log(std::string{"\x01\0\0\0\xff\xff\xff\xff", 8}), IsEmpty());
}

TEST(HolderJson, AStatusLineIsReadAndAnythingElseIsWhatWasSaid) {
  const auto held = read_held_line("held n=3 rules=4 met=17 owned=yes");
  ASSERT_TRUE(held);
  EXPECT_EQ(held->number, 3);
  EXPECT_EQ(held->report.rules, 4);
  EXPECT_EQ(held->report.met, 17);
  EXPECT_TRUE(held->report.owned);
  EXPECT_EQ(held->report.note, "");
  EXPECT_EQ(read_held_line("held n=1 rules=2 met=0 owned=yes note=it is not late")->report.note,
            "it is not late");
  EXPECT_THAT(read_held_line("failed no netem").error().message, HasSubstr("no netem"));
}

TEST(HolderJson, HoldsAreReadFromTheLabelsAlone) {
  const auto holds = read_holds(
      R"([{"Id":"1","Labels":{"io.faultline.fault":"f-1","io.faultline.held-target":"c0ffee"}},
          {"Id":"2","Labels":{"io.faultline.role":"nethold"}},{"Id":"3","Labels":null},
          {"Id":"4","Labels":{"io.faultline.fault":"f-4","io.faultline.held-target":"c0ffee",
           "io.faultline.held-place":"limits","io.faultline.held-saved":"8:0,0/0/0/0,2/2/0/0"}}])");
  ASSERT_TRUE(holds);
  ASSERT_EQ(holds->size(), 2U);
  EXPECT_EQ(holds->back().place, HoldPlace::limits);
  EXPECT_EQ(holds->back().saved, "8:0,0/0/0/0,2/2/0/0");
  EXPECT_EQ(holds->front().fault.value, "f-1");
  EXPECT_EQ(holds->front().target_id, "c0ffee");
}

TEST(HolderJson, GatewaysAndAddressesOfEveryNetwork) {
  EXPECT_THAT(*read_gateways(
                  R"({"NetworkSettings":{"Networks":{"a":{"Gateway":"172.18.0.1","IPv6Gateway":""},
                  "b":{"Gateway":"172.19.0.1"}}}})"),
              ElementsAre("172.18.0.1", "172.19.0.1"));
  EXPECT_THAT(*read_list_addresses(
                  R"([{"NetworkSettings":{"Networks":{"a":{"IPAddress":"172.18.0.9",
                  "GlobalIPv6Address":"fd00::9"}}}},{}])"),
              ElementsAre("172.18.0.9", "fd00::9"));
}

TEST(HolderJson, LiftingALimitIsNeverWrittenAsZero) {
  EXPECT_EQ(cpu_body({0, 0, 0, 0, 0}), R"({"CpuQuota":-1})");
  EXPECT_EQ(cpu_body({0, 20'000, 0, 0, 0}), R"({"CpuQuota":20000})");
  EXPECT_EQ(cpu_body({50'000, 20'000, 0, 0, 0}), R"({"CpuPeriod":50000,"CpuQuota":20000})");
  EXPECT_EQ(cpu_body({0, 0, 500'000'000, 0, 0}), R"({"NanoCpus":500000000})");
}

TEST(HolderJson, LimitsAreReadAsTheyAreWrittenDown) {
  const auto limits = read_host_limits(
      R"({"HostConfig":{"CpuPeriod":0,"CpuQuota":-1,"NanoCpus":0,"Memory":1024,"MemorySwap":-1}})");
  ASSERT_TRUE(limits);
  EXPECT_EQ(*limits, (Limits{0, -1, 0, 1024, -1}));
  EXPECT_EQ(*read_limits(to_text(*limits)), *limits);
  EXPECT_FALSE(read_limits("1/2/3/4"));
  EXPECT_FALSE(read_limits("1/2/3/4/5/6"));
  EXPECT_FALSE(read_limits("1/2/x/4/5"));
  EXPECT_FALSE(read_host_limits("{}"));
  EXPECT_FALSE(read_memory_used(R"({"memory_stats":{}})")) << "unknown is not zero";
}

TEST(HolderProbe, SaysPerKindWhatIsLacking) {
  const auto support = read_probe({"probe nft yes", "probe owner no too old", "probe rate yes",
                                   "probe delay no this kernel has no netem (sch_netem)"});
  std::map<FaultKind, FaultSupport> by_kind;
  for (const auto& one : support) by_kind.emplace(one.kind, one);
  EXPECT_EQ(by_kind.at(FaultKind::net_partition).support, Support::degraded);
  EXPECT_THAT(by_kind.at(FaultKind::net_loss).reason, HasSubstr("too old"));
  EXPECT_EQ(by_kind.at(FaultKind::net_latency).support, Support::unsupported);
  EXPECT_EQ(by_kind.at(FaultKind::net_latency).reason, "this kernel has no netem (sch_netem)");
  for (const auto& one : read_probe({"probe nft no refused", "probe fill yes"})) {
    if (one.kind == FaultKind::disk_slow || one.kind == FaultKind::disk_stall) continue;
    const bool disk = one.kind == FaultKind::disk_fill;  // Needs no network.
    EXPECT_EQ(one.support, disk ? Support::supported : Support::unsupported);
    EXPECT_EQ(one.reason, disk ? "" : "refused");
  }
  for (const auto& one : read_probe({})) EXPECT_EQ(one.support, Support::unsupported);
  for (const auto& one : read_probe({"probe nft yes", "probe owner yes", "probe rate yes",
                                     "probe delay yes", "probe relay yes", "probe fill yes",
                                     "probe throttle yes", "probe writeback yes"})) {
    EXPECT_EQ(one.support, Support::supported);
  }
}

TEST(HolderProbe, LatencyHasTwoWaysAndSaysWhichIsMissing) {
  const auto latency = [](const std::vector<std::string>& lines) {
    for (const auto& one : read_probe(lines)) {
      if (one.kind == FaultKind::net_latency) return one;
    }
    return FaultSupport{FaultKind::stop, Support::unsupported, "it is not in the answer"};
  };
  const auto no_netem = latency({"probe nft yes", "probe owner yes", "probe relay yes",
                                 "probe delay no this kernel has no netem (sch_netem)"});
  EXPECT_EQ(no_netem.support, Support::degraded);
  EXPECT_THAT(no_netem.reason, HasSubstr("this kernel has no netem (sch_netem); only what SQL"));
  EXPECT_EQ(
      no_netem.without,
      (std::map<NetPath, std::string>{{NetPath::all, "this kernel has no netem (sch_netem)"}}));

  const auto no_nat = latency(
      {"probe nft yes", "probe owner yes", "probe delay yes", "probe relay no nftables: no nat"});
  EXPECT_EQ(no_nat.support, Support::degraded);
  EXPECT_EQ(no_nat.without, (std::map<NetPath, std::string>{{NetPath::sql, "nftables: no nat"}}));

  // Rules that stay when the helper is killed would lead clients to nobody.
  const auto no_owner = latency({"probe nft yes", "probe owner no too old", "probe relay yes",
                                 "probe delay no this kernel has no netem (sch_netem)"});
  EXPECT_EQ(no_owner.support, Support::unsupported);
}

TEST(HolderProbe, LimitsOfADiskAreDegradedWhereTheKernelWritesBackPastThem) {
  for (const auto& one : read_probe({"probe throttle yes", "probe writeback no version 1"})) {
    if (one.kind != FaultKind::disk_slow && one.kind != FaultKind::disk_stall) continue;
    EXPECT_EQ(one.support, Support::degraded);
    EXPECT_EQ(one.reason, "version 1");
  }
  for (const auto& one : read_probe({"probe throttle no not enabled", "probe writeback yes"})) {
    EXPECT_EQ(one.support, Support::unsupported);
    if (one.kind == FaultKind::disk_stall) EXPECT_EQ(one.reason, "not enabled");
  }
}

}  // namespace
}  // namespace faultline::chaos
