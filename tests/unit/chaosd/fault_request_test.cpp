#include "chaosd/http/fault_request.hpp"

#include <gmock/gmock.h>

#include "chaosd/http/request.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(FaultRequestBody, IsReadAndUnknownFieldsAreIgnored) {
  const auto request = read_fault_request(
      R"({"kind":"stop","target":"n2","duration_s":60,"grace_s":5,"node_id":null,"colour":"red"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->kind, FaultKind::stop);
  EXPECT_EQ(request->target, "n2");
  EXPECT_EQ(request->node_id, std::nullopt);
  EXPECT_EQ(request->duration_s, 60);
  EXPECT_EQ(request->grace_s, 5);
}

struct Row {
  const char* body;
  ErrorCode code;
  const char* field;
};

class WrongBody : public ::testing::TestWithParam<Row> {};

TEST_P(WrongBody, IsRefusedWithItsField) {
  const auto& row = GetParam();
  const auto request = read_fault_request(row.body);
  ASSERT_FALSE(request) << row.body;
  EXPECT_EQ(request.error().code, row.code) << row.body;
  EXPECT_EQ(request.error().field, row.field) << row.body;
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrongBody,
    ::testing::Values(
        Row{"", ErrorCode::malformed, ""}, Row{"{", ErrorCode::malformed, ""},
        Row{"{\"kind\":\"kill\",}", ErrorCode::malformed, ""},
        Row{"\xff\xfe", ErrorCode::malformed, ""}, Row{"[]", ErrorCode::invalid, ""},
        Row{"null", ErrorCode::invalid, ""}, Row{"\"kill\"", ErrorCode::invalid, ""},
        Row{"{}", ErrorCode::invalid, "/kind"},
        Row{R"({"kind":"reboot","target":"n1","duration_s":1})", ErrorCode::invalid, "/kind"},
        Row{R"({"kind":7,"target":"n1","duration_s":1})", ErrorCode::invalid, "/kind"},
        Row{R"({"kind":"kill","target":7,"duration_s":1})", ErrorCode::invalid, "/target"},
        Row{R"({"kind":"kill","target":["n1"],"duration_s":1})", ErrorCode::invalid, "/target"},
        Row{R"({"kind":"kill","node_id":"2","duration_s":1})", ErrorCode::invalid, "/node_id"},
        Row{R"({"kind":"kill","node_id":2.5,"duration_s":1})", ErrorCode::invalid, "/node_id"},
        Row{R"({"kind":"kill","target":"n1"})", ErrorCode::invalid, "/duration_s"},
        Row{R"({"kind":"kill","target":"n1","duration_s":null})", ErrorCode::invalid,
            "/duration_s"},
        Row{R"({"kind":"kill","target":"n1","duration_s":"60"})", ErrorCode::invalid,
            "/duration_s"},
        Row{R"({"kind":"kill","target":"n1","duration_s":1.5})", ErrorCode::invalid, "/duration_s"},
        Row{R"({"kind":"kill","target":"n1","duration_s":1e400})", ErrorCode::malformed, ""},
        Row{R"({"kind":"kill","target":"n1","duration_s":99999999999999999999})",
            ErrorCode::invalid, "/duration_s"},
        Row{R"({"kind":"kill","target":"n1","duration_s":true})", ErrorCode::invalid,
            "/duration_s"},
        Row{R"({"kind":"stop","target":"n1","duration_s":9,"grace_s":"3"})", ErrorCode::invalid,
            "/grace_s"}));

TEST(FaultRequestBody, AnUnknownKindIsToldTheKnownOnes) {
  const auto request = read_fault_request(R"({"kind":"reboot","target":"n1","duration_s":1})");
  EXPECT_THAT(request.error().message, HasSubstr("stop, kill, pause, restart, net.partition"));
}

TEST(OriginalStop, TakesTheDefaultDurationUnlessOneIsGiven) {
  EXPECT_EQ(read_original_stop({{"name", "n1"}}, 300s)->duration_s, 300);
  EXPECT_EQ(read_original_stop({{"name", "n1"}, {"duration_s", "7"}}, 300s)->duration_s, 7);
}

TEST(OriginalStop, RefusesWhatIsMissingOrNoNumber) {
  EXPECT_EQ(read_original_stop({}, 300s).error().field, "/name");
  EXPECT_EQ(read_original_stop({{"name", ""}}, 300s).error().field, "/name");
  for (const char* duration : {"", "7s", " 7", "7 ", "+7", "0x7", "7.0", "99999999999999999999"}) {
    EXPECT_EQ(read_original_stop({{"name", "n1"}, {"duration_s", duration}}, 300s).error().field,
              "/duration_s")
        << duration;
  }
}

TEST(PercentDecode, DecodesEscapesAndPlusOnlyInAQuery) {
  EXPECT_EQ(percent_decode("a%2Fb%20c+d", false).value(), "a/b c+d");
  EXPECT_EQ(percent_decode("a+b%2b", true).value(), "a b+");
  EXPECT_EQ(percent_decode("%41", false).value(), "A");
  EXPECT_EQ(percent_decode("", false).value(), "");
}

TEST(PercentDecode, RefusesCutEscapesAndControlCharacters) {
  for (const char* text : {"%", "%4", "a%", "%zz", "%4g", "%00", "%0a", "%7f", "a\tb"}) {
    EXPECT_FALSE(percent_decode(text, false)) << text;
  }
}

}  // namespace
}  // namespace faultline::chaos
