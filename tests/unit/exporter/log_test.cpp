#include "common/base/log.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace faultline {
namespace {

/// The line that a message becomes.
std::string line_of(const std::string& format, const std::string& message) {
  EXPECT_TRUE(configure_logging({.level = "info", .format = format}));
  testing::internal::CaptureStderr();
  make_logger("test")->info("{}", message);
  auto line = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(configure_logging({.level = "info", .format = "logfmt"}));
  return line;
}

const std::string kAwkward = "read failed error=\"no \\ such\nfile\"\t\x01";

TEST(Log, WhatAMessageHoldsDoesNotEndItsQuotesNorItsLine) {
  EXPECT_THAT(
      line_of("logfmt", kAwkward),
      testing::EndsWith(
          R"(level=info logger=test msg="read failed error=\"no \\ such\nfile\"\u0009\u0001")"
          "\n"));
}

TEST(Log, AJsonLineIsJsonWhateverTheMessageHolds) {
  const auto line = nlohmann::json::parse(line_of("json", kAwkward));
  EXPECT_EQ(line.at("msg"), kAwkward);
  EXPECT_EQ(line.at("logger"), "test");
}

TEST(Log, OrdinaryTextIsLeftAlone) {
  EXPECT_THAT(line_of("logfmt", "n2 ist zurück, it's 5 s late"),
              testing::HasSubstr("msg=\"n2 ist zurück, it's 5 s late\""));
}

}  // namespace
}  // namespace faultline
