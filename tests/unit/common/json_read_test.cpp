#include "common/wire/json_read.hpp"

#include <gtest/gtest.h>

#include "common/wire/chaos_json.hpp"

namespace faultline::wire {
namespace {

TEST(ParseJson, SaysWhereABrokenDocumentBroke) {
  const auto result = parse_json(R"({"kind": )");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::malformed);
  EXPECT_NE(result.error().message.find("byte 10"), std::string::npos) << result.error().message;
}

TEST(ParseJson, RefusesNestingThatWouldEatTheStack) {
  EXPECT_FALSE(parse_json(std::string(1 << 20, '[')));
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')));
}

TEST(ObjectReader, NamesTheFirstFieldThatIsWrong) {
  const auto document = *parse_json(R"({"duration_s": "60", "target": 3})");
  ObjectReader reader{document, ""};
  (void)reader.number("duration_s");
  (void)reader.text("target");
  ASSERT_TRUE(reader.error());
  EXPECT_EQ(reader.error()->field, "/duration_s");
  EXPECT_EQ(reader.error()->message, "duration_s must be a number");
}

TEST(ObjectReader, RefusesNumbersThatDoNotFit) {
  const auto document = *parse_json(R"({"a": 18446744073709551615, "b": 1.5})");
  for (const char* name : {"a", "b"}) {
    ObjectReader reader{document, ""};
    (void)reader.integer(name);
    EXPECT_TRUE(reader.error()) << name;
  }
}

TEST(ChaosJson, AFaultIsReadBackAsItWasWritten) {
  FaultView fault;
  fault.id = FaultId{"f-17"};
  fault.kind = FaultKind::pause;
  fault.state = FaultState::active;
  fault.target = "crdb-2";
  fault.node_id = NodeId{2};
  fault.created_at = from_ms(1000);
  fault.active_at = from_ms(1100);
  fault.expires_at = from_ms(61000);
  const auto back = read_fault(to_json(fault));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), to_json(fault));
}

TEST(ChaosJson, AnUnknownStateIsRefusedByName) {
  const auto document = *parse_json(
      R"({"name": "n1", "container_id": "x", "runtime": "podman", "state": "running"})");
  const auto target = read_target(document);
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().field, "/runtime");
}

}  // namespace
}  // namespace faultline::wire
