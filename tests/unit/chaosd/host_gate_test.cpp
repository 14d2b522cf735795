#include "chaosd/docker/host_gate.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>

#include "tests/unit/chaosd/deadline_in.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using Entry = HostGate::Entry;
using ::testing::HasSubstr;

const Status kSilent = Error{ErrorCode::timeout, "no answer"};

class Gate : public ::testing::Test {
 protected:
  Entry entered() {
    const auto entry = gate.enter(in(1h));
    EXPECT_TRUE(entry);
    return entry ? *entry : Entry::free;
  }

  std::ostringstream said;
  HostGate gate{"eu", std::make_shared<spdlog::logger>(
                          "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(said))};
};

TEST_F(Gate, WhoAnswersIsAskedByEverybody) {
  gate.leave(entered(), kDone);
  EXPECT_EQ(entered(), Entry::free);
  EXPECT_EQ(entered(), Entry::free);
}

TEST_F(Gate, WhoIsSilentIsTriedByOneAndTheOthersAreToldAtOnce) {
  gate.leave(entered(), kSilent);
  const auto other = gate.enter(in(1h));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::unavailable);
  EXPECT_EQ(other.error().message, "no answer");
}

TEST_F(Gate, WhileTheFirstIsTryingTheOthersWaitForItsAnswer) {
  const Entry first = entered();
  EXPECT_EQ(first, Entry::trial);
  std::jthread second{[&] { EXPECT_EQ(entered(), Entry::free); }};
  gate.leave(first, kDone);
}

TEST_F(Gate, TheFirstMayStaySilentAndTheOthersDoNotWaitForIt) {
  EXPECT_EQ(entered(), Entry::trial);
  const auto other = gate.enter(in(10ms));
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("it has not answered yet"));
}

TEST_F(Gate, WhatTheWatchHearsOpensAndClosesIt) {
  gate.tell(kDone);
  EXPECT_EQ(entered(), Entry::free);
  gate.tell(kSilent);
  gate.leave(entered(), kSilent);
  EXPECT_FALSE(gate.enter(in(1h)));
  gate.tell(kDone);
  EXPECT_EQ(entered(), Entry::free);
}

TEST_F(Gate, ARefusalIsAnAnswer) {
  for (const auto code : {ErrorCode::not_found, ErrorCode::conflict, ErrorCode::upstream,
                          ErrorCode::unsupported, ErrorCode::invalid}) {
    gate.leave(entered(), Error{code, "no"});
    EXPECT_EQ(entered(), Entry::free) << to_string(code);
  }
}

TEST_F(Gate, EachChangeIsOneLine) {
  gate.tell(kDone);
  gate.tell(kDone);
  gate.tell(kSilent);
  gate.tell(kSilent);
  const std::string text = said.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  EXPECT_THAT(text, HasSubstr("Docker host does not answer host=eu error=no answer"));
}

}  // namespace
}  // namespace faultline::chaos
