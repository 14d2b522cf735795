#include "chaosd/metrics/page.hpp"

#include <gmock/gmock.h>

#include "tests/unit/chaosd/api_under_test.hpp"

namespace faultline::chaos {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ChaosdMetrics : public ApiTest {
 protected:
  std::string page() {
    auto in = request("GET", "/metrics");
    in.authorization.reset();
    const auto reply = reply_to(in);
    EXPECT_EQ(reply.status, 200);
    return reply.body;
  }
};

TEST_F(ChaosdMetrics, CountFaultsByStateAlsoThoseThatAreNone) {
  life->inject(FaultKind::kill, "n1");
  life->work();
  life->inject(FaultKind::pause, "n2");
  const auto text = page();
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_faults{state=\"active\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_faults{state=\"queued\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_faults{state=\"revert_failed\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_journal_lines_total 4\n"));
}

TEST_F(ChaosdMetrics, CountRepliesByStatus) {
  EXPECT_THAT(page(), Not(HasSubstr("code=\"404\"")));
  call("GET", "/nowhere");
  call("GET", "/nowhere");
  call("GET", kFaults);
  const auto text = page();
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_http_requests_total{code=\"404\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_http_requests_total{code=\"200\"} 2\n"))
      << "and the page before";
}

TEST_F(ChaosdMetrics, TellWhatStopsNewFaults) {
  EXPECT_THAT(page(), HasSubstr("faultline_chaosd_lever_engaged 0\n"));
  call("PUT", "/api/chaos/v1/lever", R"({"engaged":true,"reason":"x"})");
  world.errors["list"] = {ErrorCode::unavailable, "gone"};
  life->watch.step();
  const auto text = page();
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_lever_engaged 1\n"));
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_runtime_up 0\n"));
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_audit_seq 1\n"));
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_audit_whole 1\n"));
}

}  // namespace
}  // namespace faultline::chaos
