#include "chaosd/service/metric_query.hpp"

#include <gmock/gmock.h>

namespace faultline::chaos {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTwo =
    R"({"status":"success","data":{"resultType":"vector","result":[)"
    R"({"metric":{"job":"a"},"value":[1795423330.8,"0"]},{"metric":{},"value":[1795423330.8,"1"]}]}})";

TEST(PrometheusAnswer, IsHowManySeriesThereAreWhateverTheirValues) {
  const auto answer = read_query_answer(200, kTwo);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->series, 2);
  EXPECT_EQ(
      read_query_answer(200, R"({"status":"success","data":{"resultType":"vector","result":[]}})")
          ->series,
      0);
}

TEST(PrometheusAnswer, AQueryThatCannotBeReadIsTheCallersMistake) {
  const auto answer = read_query_answer(
      400,
      R"({"status":"error","errorType":"bad_data","error":"1:5: parse error: unexpected end"})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid);
  EXPECT_THAT(answer.error().message, HasSubstr("unexpected end"));
}

TEST(PrometheusAnswer, ANumberOrATextIsNoExpressionOfAnAlertRule) {
  for (const char* type : {"scalar", "string", "matrix"}) {
    const auto answer =
        read_query_answer(200, std::string{R"({"status":"success","data":{"resultType":")"} + type +
                                   R"(","result":[1795423330.8,"1"]}})");
    ASSERT_FALSE(answer) << type;
    EXPECT_EQ(answer.error().code, ErrorCode::invalid);
    EXPECT_THAT(answer.error().message, HasSubstr(type));
  }
}

TEST(PrometheusAnswer, TroubleOfItsOwnIsNotTheCallersMistake) {
  struct Row {
    int status;
    const char* body;
  };
  for (const auto& row :
       {Row{503, R"({"status":"error","errorType":"timeout","error":"query timed out"})"},
        Row{200, "<html>"}, Row{200, "{}"}, Row{200, "[]"}, Row{502, ""},
        Row{200, R"({"status":"success","data":{}})"}, Row{200, R"({"status":"success","data":7})"},
        Row{200, R"({"status":"success","data":{"resultType":"vector","result":7}})"}}) {
    const auto answer = read_query_answer(row.status, row.body);
    ASSERT_FALSE(answer) << row.body;
    EXPECT_EQ(answer.error().code, ErrorCode::upstream) << row.body;
  }
}

TEST(PrometheusAddress, IsAnHttpAddressMaybeWithAPath) {
  using Address = std::pair<std::string, std::string>;
  EXPECT_EQ(read_prometheus_address("http://127.0.0.1:9090").value(),
            (Address{"127.0.0.1:9090", ""}));
  EXPECT_EQ(read_prometheus_address("http://prometheus:9090/").value(),
            (Address{"prometheus:9090", ""}));
  EXPECT_EQ(read_prometheus_address("http://host:80/prom/").value(), (Address{"host:80", "/prom"}));
  for (const char* text : {"", "127.0.0.1:9090", "https://host:9090", "http://", "http://host",
                           "http://user:secret@host:9090", "http://host:9090/?a=b",
                           "http://host:9090/a b", "http://unix:/x"}) {
    const auto address = read_prometheus_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_THAT(address.error().message, HasSubstr("http://127.0.0.1:9090"));
  }
}

}  // namespace
}  // namespace faultline::chaos
