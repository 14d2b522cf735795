#include <algorithm>
#include <cctype>
#include <set>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "chaosd/http/openapi.hpp"
#include "chaosd/http/reply.hpp"
#include "tests/unit/chaosd/api_under_test.hpp"

namespace faultline::chaos {
namespace {

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// The document that the program serves, held against what the program does.
class OpenApi : public ApiTest {
 protected:
  YAML::Node document = YAML::Load(std::string{openapi_document()});

  [[nodiscard]] YAML::Node operation(const std::string& method, const std::string& path) const {
    std::string name = method;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return document["paths"][path][name];
  }
};

TEST_F(OpenApi, DescribesExactlyTheRoutesThereAre) {
  std::set<std::string> served;
  for (const auto& route : api->routes()) served.insert(route.method + " " + route.path);
  std::set<std::string> described;
  for (const auto& path : document["paths"]) {
    for (const auto& operation : path.second) {
      described.insert(upper(operation.first.as<std::string>()) + " " +
                       path.first.as<std::string>());
    }
  }
  EXPECT_EQ(described, served);
}

TEST_F(OpenApi, EveryOperationSaysWhoMayCallIt) {
  for (const auto& route : api->routes()) {
    const auto role = operation(route.method, route.path)["x-faultline-role"];
    ASSERT_TRUE(role) << route.method << " " << route.path;
    EXPECT_EQ(role.as<std::string>(), to_string(route.needs)) << route.method << " " << route.path;
  }
}

TEST_F(OpenApi, EveryStatusThatIsAnsweredIsDescribed) {
  struct Row {
    std::string method;
    std::string template_path;
    std::string path;
    std::string body;
  };
  const std::string faults = "/api/chaos/v1/faults";
  const std::string experiments = "/api/chaos/v1/experiments";
  const std::string one_experiment = experiments + "/{id}";
  const std::vector<Row> rows{
      {"POST", faults, faults, "{"},
      {"POST", faults, faults, "{}"},
      {"POST", faults, faults, std::string(Api::kBodyMax + 1, ' ')},
      {"POST", faults, faults, R"({"kind":"kill","target":"n9","duration_s":9})"},
      {"POST", faults, faults, R"({"kind":"kill","target":"n1","duration_s":9})"},
      {"POST", faults, faults, R"({"kind":"kill","target":"n1","duration_s":9})"},
      {"POST", "/api/chaos/v1/plans", "/api/chaos/v1/plans",
       R"({"kind":"kill","target":"n2","duration_s":9})"},
      {"POST", "/api/chaos/v1/plans", "/api/chaos/v1/plans", "{}"},
      {"PUT", "/api/chaos/v1/lever", "/api/chaos/v1/lever", R"({"engaged":false,"reason":"x"})"},
      {"PUT", "/api/chaos/v1/lever", "/api/chaos/v1/lever", "{}"},
      {"GET", "/api/chaos/v1/lever", "/api/chaos/v1/lever", ""},
      {"GET", faults + "/{id}/plan", faults + "/f-0/plan", ""},
      {"GET", "/metrics", "/metrics", ""},
      {"GET", faults, faults, ""},
      {"GET", faults + "/{id}", faults + "/f-0", ""},
      {"GET", faults + "/{id}", faults + "/%zz", ""},
      {"DELETE", faults + "/{id}", faults + "/f-0", ""},
      {"POST", experiments, experiments, "{}"},
      {"POST", experiments, experiments,
       R"({"name":"x","steps":[{"faults":[{"kind":"kill","target":"n2","duration_s":9}]}]})"},
      {"GET", experiments, experiments, ""},
      {"GET", one_experiment, experiments + "/e-0", ""},
      {"DELETE", one_experiment, experiments + "/e-0", ""},
      {"POST", "/api/chaos/v1/heal", "/api/chaos/v1/heal", ""},
      {"POST", "/api/chaos/node/stop", "/api/chaos/node/stop", ""},
      {"POST", "/api/chaos/node/start", "/api/chaos/node/start", ""},
      {"GET", "/api/chaos/v1/events", "/api/chaos/v1/events", ""},
      {"GET", "/api/chaos/v1/targets", "/api/chaos/v1/targets", ""},
      {"GET", "/api/chaos/v1/capabilities", "/api/chaos/v1/capabilities", ""},
      {"GET", "/api/chaos/v1/audit", "/api/chaos/v1/audit", ""},
      {"GET", "/api/chaos/v1/openapi.yaml", "/api/chaos/v1/openapi.yaml", ""},
      {"GET", "/-/healthy", "/-/healthy", ""},
      {"GET", "/-/ready", "/-/ready", ""}};
  for (const auto& row : rows) {
    for (const char* token : {"", "wrong", kViewer, kOperator, kAdmin}) {
      auto in = request(row.method, row.path, row.body);
      in.authorization = std::string{"Bearer "} + token;
      const auto reply = reply_to(in);
      const auto responses = operation(row.method, row.template_path)["responses"];
      EXPECT_TRUE(responses[std::to_string(reply.status)])
          << row.method << " " << row.template_path << " answers " << reply.status;
    }
  }
}

TEST_F(OpenApi, EveryErrorCodeIsInTheListOfCodes) {
  std::set<std::string> described;
  for (const auto& code :
       document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) {
    described.insert(code.as<std::string>());
  }
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    EXPECT_TRUE(described.contains(std::string{to_string(static_cast<ErrorCode>(code))})) << code;
  }
}

TEST_F(OpenApi, TheKindsAndStatesAreTheOnesOnTheWire) {
  const auto schemas = document["components"]["schemas"];
  std::size_t count = 0;
  for (const auto& kind : schemas["FaultKind"]["enum"]) {
    EXPECT_TRUE(parse_enum<FaultKind>(kind.as<std::string>()));
    count += 1;
  }
  EXPECT_EQ(count, 14U);
  count = 0;
  for (const auto& state : schemas["FaultState"]["enum"]) {
    EXPECT_TRUE(parse_enum<FaultState>(state.as<std::string>()));
    count += 1;
  }
  EXPECT_EQ(count, 7U);
  count = 0;
  for (const auto& state : schemas["ExperimentState"]["enum"]) {
    EXPECT_TRUE(parse_experiment_state(state.as<std::string>()));
    count += 1;
  }
  EXPECT_EQ(count, 7U);
}

TEST_F(OpenApi, IsServedAsItWasBuiltIn) {
  const auto reply = call("GET", "/api/chaos/v1/openapi.yaml");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, openapi_document());
}

}  // namespace
}  // namespace faultline::chaos
