#include "chaosd/http/experiment_request.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

json one_step() {
  return json::parse(
      R"({"name":"x","steps":[{"faults":[{"kind":"kill","target":"n1","duration_s":5}]}]})");
}

TEST(ExperimentBody, IsReadWithAllThatItMaySay) {
  json body = one_step();
  body["hypothesis"] = "no range loses its quorum";
  body["steps"][0]["wait_s"] = 30;
  body["steps"].push_back(json::parse(
      R"({"faults":[{"kind":"pause","node_id":2,"duration_s":7},{"kind":"kill","target":"n3","duration_s":9}]})"));
  body["abort"] = json::parse(
      R"([{"verdict":"unavailable","for_s":3},{"ranges_unavailable":2},{"promql":"up == 0"}])");
  body["schedule"] =
      json::parse(R"({"every_s":3600,"times":4,"not_before_ms":1000,"not_after_ms":2000,)"
                  R"("window":{"from":"23:30","to":"02:00","days":["mon","sun"]}})");
  body["accept_plan"] = "abc";
  const auto spec = read_experiment(body.dump());
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->name, "x");
  ASSERT_EQ(spec->steps.size(), 2U);
  EXPECT_EQ(spec->steps[0].wait, 30s);
  EXPECT_EQ(spec->steps[1].faults.size(), 2U);
  EXPECT_EQ(longest(*spec), 5s + 30s + 9s);
  ASSERT_EQ(spec->abort.size(), 3U);
  EXPECT_EQ(std::get<VerdictCondition>(spec->abort[0].of).verdict, VerdictState::unavailable);
  EXPECT_EQ(spec->abort[0].hold, 3s);
  EXPECT_EQ(std::get<RangesCondition>(spec->abort[1].of).least, 2);
  EXPECT_EQ(std::get<QueryCondition>(spec->abort[2].of).query, "up == 0");
  ASSERT_TRUE(spec->schedule);
  EXPECT_EQ(spec->schedule->every, 1h);
  EXPECT_EQ(spec->schedule->times, 4);
  EXPECT_EQ(spec->schedule->window->from, 23h + 30min);
  EXPECT_EQ(spec->schedule->window->days,
            (std::array{true, false, false, false, false, false, true}));
  EXPECT_EQ(spec->accept_plan, "abc");
}

TEST(ExperimentBody, NullIsAsIfItWereNotThere) {
  json body = one_step();
  for (const char* name : {"hypothesis", "schedule", "abort", "accept_plan"}) body[name] = nullptr;
  body["steps"][0]["wait_s"] = nullptr;
  const auto spec = read_experiment(body.dump());
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_FALSE(spec->schedule);
  EXPECT_TRUE(spec->abort.empty());
}

struct BodyRefusal {
  std::string name;
  std::string patch;    ///< Merged into the body that would do.
  std::string pointer;  ///< Of the field that is named.
};

class ExperimentBodyRefusal : public ::testing::TestWithParam<BodyRefusal> {};

TEST_P(ExperimentBodyRefusal, NamesTheField) {
  json body = one_step();
  body.merge_patch(json::parse(GetParam().patch));
  const auto spec = read_experiment(body.dump());
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().code, ErrorCode::invalid);
  EXPECT_EQ(spec.error().field, GetParam().pointer) << spec.error().message;
  EXPECT_FALSE(spec.error().message.empty());
}

std::string list_in_body(const char* name, std::size_t count, const std::string& item) {
  std::string text = std::string{"{\""} + name + "\":[";
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + item;
  return text + "]}";
}

const std::string kOneStep = R"({"faults":[{"kind":"kill","target":"n1","duration_s":5}]})";

INSTANTIATE_TEST_SUITE_P(
    Bodies, ExperimentBodyRefusal,
    ::testing::Values(
        BodyRefusal{"no_name", R"({"name":null})", "/name"},
        BodyRefusal{"empty_name", R"({"name":""})", "/name"},
        BodyRefusal{"long_name", R"({"name":")" + std::string(101, 'x') + R"("})", "/name"},
        BodyRefusal{"hypothesis_no_text", R"({"hypothesis":7})", "/hypothesis"},
        BodyRefusal{"long_hypothesis", R"({"hypothesis":")" + std::string(501, 'x') + R"("})",
                    "/hypothesis"},
        BodyRefusal{"misspelt_abort", R"({"abbort":[]})", ""},
        BodyRefusal{"no_steps", R"({"steps":null})", "/steps"},
        BodyRefusal{"empty_steps", R"({"steps":[]})", "/steps"},
        BodyRefusal{"step_no_object", R"({"steps":[7]})", "/steps"},
        BodyRefusal{"too_many_steps", list_in_body("steps", 17, kOneStep), "/steps"},
        BodyRefusal{"unknown_in_step", R"({"steps":[{"faults":[],"wait":1}]})", "/steps/0"},
        BodyRefusal{"no_faults", R"({"steps":[{"faults":[]}]})", "/steps/0/faults"},
        BodyRefusal{"fault_without_kind", R"({"steps":[{"faults":[{"target":"n1"}]}]})",
                    "/steps/0/faults/0/kind"},
        BodyRefusal{
            "wait_too_long",
            R"({"steps":[{"faults":[{"kind":"kill","target":"n1","duration_s":5}],"wait_s":3601}]})",
            "/steps/0/wait_s"},
        BodyRefusal{"empty_abort", R"({"abort":[]})", "/abort"},
        BodyRefusal{"too_many_conditions", list_in_body("abort", 9, R"({"verdict":"degraded"})"),
                    "/abort"},
        BodyRefusal{"empty_condition", R"({"abort":[{}]})", "/abort/0"},
        BodyRefusal{"two_in_one", R"({"abort":[{"verdict":"degraded","promql":"up"}]})",
                    "/abort/0"},
        BodyRefusal{"no_bad_verdict", R"({"abort":[{"verdict":"available"}]})", "/abort/0/verdict"},
        BodyRefusal{"settling", R"({"abort":[{"verdict":"settling"}]})", "/abort/0/verdict"},
        BodyRefusal{"no_ranges", R"({"abort":[{"ranges_unavailable":0}]})",
                    "/abort/0/ranges_unavailable"},
        BodyRefusal{"empty_query", R"({"abort":[{"promql":""}]})", "/abort/0/promql"},
        BodyRefusal{"long_query", R"({"abort":[{"promql":")" + std::string(2001, 'x') + R"("}]})",
                    "/abort/0/promql"},
        BodyRefusal{"negative_hold", R"({"abort":[{"promql":"up","for_s":-1}]})", "/abort/0/for_s"},
        BodyRefusal{"misspelt_hold", R"({"abort":[{"promql":"up","for":1}]})", "/abort/0"},
        BodyRefusal{"schedule_no_object", R"({"schedule":60})", "/schedule"},
        BodyRefusal{"no_every", R"({"schedule":{}})", "/schedule/every_s"},
        BodyRefusal{"too_often", R"({"schedule":{"every_s":59}})", "/schedule/every_s"},
        BodyRefusal{"too_rarely", R"({"schedule":{"every_s":2678401}})", "/schedule/every_s"},
        BodyRefusal{"never", R"({"schedule":{"every_s":60,"times":0}})", "/schedule/times"},
        BodyRefusal{"no_time", R"({"schedule":{"every_s":60,"not_after_ms":"now"}})",
                    "/schedule/not_after_ms"},
        BodyRefusal{"far_future", R"({"schedule":{"every_s":60,"not_before_ms":9000000000000000}})",
                    "/schedule/not_before_ms"},
        BodyRefusal{
            "unknown_in_window",
            R"({"schedule":{"every_s":60,"window":{"from":"09:00","to":"10:00","day":["mon"]}}})",
            "/schedule/window"},
        BodyRefusal{"no_clock",
                    R"({"schedule":{"every_s":60,"window":{"from":"9:00","to":"10:00"}}})",
                    "/schedule/window/from"},
        BodyRefusal{"hour_24",
                    R"({"schedule":{"every_s":60,"window":{"from":"09:00","to":"24:00"}}})",
                    "/schedule/window/to"},
        BodyRefusal{"no_window",
                    R"({"schedule":{"every_s":60,"window":{"from":"09:00","to":"09:00"}}})",
                    "/schedule/window/to"},
        BodyRefusal{
            "no_day",
            R"({"schedule":{"every_s":60,"window":{"from":"09:00","to":"10:00","days":[]}}})",
            "/schedule/window/days"},
        BodyRefusal{
            "unknown_day",
            R"({"schedule":{"every_s":60,"window":{"from":"09:00","to":"10:00","days":["Mon"]}}})",
            "/schedule/window/days"}),
    [](const auto& info) { return info.param.name; });

TEST(ExperimentBody, WhatIsNoJsonIsMalformed) {
  EXPECT_EQ(read_experiment("").error().code, ErrorCode::malformed);
  EXPECT_EQ(read_experiment("{").error().code, ErrorCode::malformed);
  EXPECT_EQ(read_experiment("[]").error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace faultline::chaos
