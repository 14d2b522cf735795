#include "chaosd/docker/docker_limits.hpp"

#include <algorithm>

#include <gmock/gmock.h>

#include "tests/unit/chaosd/deadline_in.hpp"
#include "tests/unit/chaosd/docker_fake_engine.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

const std::string kLimited = "1fe098e7b5867fe079c458dd5d9d7020ac61de2b1e043c7c9d78ce3a313aaa64";
constexpr std::int64_t kGigabyte = 1024 * 1024 * 1024;
const std::string kAtOnce = R"({"Memory":1073741824,"MemorySwap":-1})";
const std::string kInSteps = R"({"Memory":1073741824,"MemorySwap":9223372036854771712})";

/// An Engine whose kernel refuses some updates, as runc tells it.
class LimitsTest : public ::testing::Test {
 protected:
  FakeEngine::Answer answer() {
    updates.push_back(engine.body());
    const bool refused = std::find(refuses.begin(), refuses.end(), engine.body()) != refuses.end();
    if (!refused) return {200, R"({"Warnings":null})"};
    return {500, R"({"message":"memory.limit_in_bytes: invalid argument"})"};
  }

  std::vector<std::string> refuses;
  std::vector<std::string> updates;
  net::AddressBook book;
  FakeEngine engine{[this](const std::string&) { return answer(); }};
  DockerEngine client{engine.host(), book};
  DockerLimits limits{client};
};

TEST_F(LimitsTest, NoLimitOfSwapBesideOneOfMemoryIsPutBackInStepsWhereTheKernelRefusesBoth) {
  refuses = {kAtOnce};  // As cgroup v1 does.
  EXPECT_TRUE(limits.set_memory(kLimited, {.memory = kGigabyte, .memory_swap = -1}, in(2s)));
  EXPECT_THAT(updates, ElementsAre(kAtOnce, kInSteps, R"({"MemorySwap":-1})"));
}

TEST_F(LimitsTest, NoLimitOfSwapBesideOneOfMemoryIsOneCallWhereTheKernelTakesBoth) {
  EXPECT_TRUE(limits.set_memory(kLimited, {.memory = kGigabyte, .memory_swap = -1}, in(2s)));
  EXPECT_THAT(updates, ElementsAre(kAtOnce));
}

TEST_F(LimitsTest, TheMachineIsWhatTheEngineSaysAndWhatItDoesNotSayIsNotKnown) {
  std::string info = R"({"NCPU":4,"MemTotal":16777216})";
  FakeEngine other{[&](const std::string&) { return FakeEngine::Answer{200, info}; }};
  DockerEngine asked{other.host(), book};
  const auto machine = DockerLimits{asked}.machine_of(kLimited, in(2s));
  ASSERT_TRUE(machine);
  EXPECT_EQ(machine->cpus, 4);
  EXPECT_EQ(machine->memory, 16'777'216);
  info = "{}";
  EXPECT_EQ(DockerLimits{asked}.machine_of(kLimited, in(2s))->cpus, 0);
  info = "[";
  EXPECT_FALSE(DockerLimits{asked}.machine_of(kLimited, in(2s)));
}

TEST_F(LimitsTest, WhatIsRefusedInStepsTooIsToldAndNothingElseIsTried) {
  refuses = {kAtOnce, kInSteps};
  EXPECT_FALSE(limits.set_memory(kLimited, {.memory = kGigabyte, .memory_swap = -1}, in(2s)));
  EXPECT_THAT(updates, ElementsAre(kAtOnce, kInSteps));
}

TEST_F(LimitsTest, ALimitOfSwapIsNeverPutBackAsAnother) {
  const std::string both = R"({"Memory":1073741824,"MemorySwap":2147483648})";
  refuses = {both};
  EXPECT_FALSE(
      limits.set_memory(kLimited, {.memory = kGigabyte, .memory_swap = 2 * kGigabyte}, in(2s)));
  EXPECT_THAT(updates, ElementsAre(both));
}

}  // namespace
}  // namespace faultline::chaos
