#include "chaosd/docker/docker_marks.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/unit/chaosd/deadline_in.hpp"
#include "tests/unit/chaosd/docker_fake_engine.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

const std::string kMarkOwner = "io.faultline.target";
const std::string kVolume = "faultline-mark-f-1a-1";

/// An Engine with one volume at most, of the mark's name: creating it keeps what is there.
class DockerMarksTest : public ::testing::Test {
 protected:
  FakeEngine::Answer answer(const std::string& request) {
    if (!refuses.empty() && request.starts_with(refuses)) return {500, R"({"message":"broken"})"};
    if (request == "POST /volumes/create") {
      if (!there) there = created;
      return {201, volume(*there)};
    }
    if (request == "GET /volumes/" + kVolume) {
      return there ? FakeEngine::Answer{200, volume(*there)} : FakeEngine::Answer{404, "{}"};
    }
    if (request == "DELETE /volumes/" + kVolume) {
      const bool was = there.has_value() && !keeps;
      if (was) there.reset();
      return {was || keeps ? 204 : 404, "{}"};
    }
    if (request.starts_with("GET /volumes?filters=")) {
      const std::string list = there ? "[" + volume(*there) + "]" : "null";
      return {200, R"({"Volumes":)" + list + R"(,"Warnings":null})"};
    }
    return {404, R"({"message":"page not found"})"};
  }
  static std::string volume(const Labels& labels) {
    return nlohmann::json{{"Name", kVolume}, {"Driver", "local"}, {"Labels", labels}}.dump();
  }

  Mark mark{{"f-1a-1"}, FaultKind::stop, std::string(64, 'e'), "roach1", "", 30s,
            "",         from_ms(1'000),  from_ms(61'000)};
  Labels created = mark_labels(mark, kMarkOwner);  ///< What the next new volume has.
  std::optional<Labels> there;
  bool keeps = false;   ///< It says that it removes it, and does not.
  std::string refuses;  ///< Requests that begin so.
  net::AddressBook book;
  FakeEngine fake{[this](const std::string& request) { return answer(request); }};
  DockerEngine engine{fake.host(), book};
  DockerMarks marks{engine, kMarkOwner};
};

TEST_F(DockerMarksTest, AMarkIsAVolumeWhoseLabelsTellEverything) {
  ASSERT_TRUE(marks.put_mark(mark, in(2s)));
  EXPECT_THAT(fake.requests(), ElementsAre("POST /volumes/create")) << "one call, where none is";
  const auto found = marks.find_marks(in(2s));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(found->marks, ElementsAre(mark));
}

TEST_F(DockerMarksTest, TheVolumeIsNamedAndLabelledAsTheHelpersAre) {
  const auto body = nlohmann::json::parse(volume_body(kVolume, mark_labels(mark, kMarkOwner)));
  EXPECT_EQ(body["Name"], kVolume);
  EXPECT_EQ(body["Driver"], "local");
  const auto labels = body["Labels"].get<Labels>();
  EXPECT_THAT(labels, Contains(Pair("io.faultline.role", "mark")));
  EXPECT_THAT(labels, Contains(Pair("io.faultline.owner", kMarkOwner)));
  EXPECT_THAT(labels, Contains(Pair("io.faultline.fault", "f-1a-1")));
  EXPECT_THAT(labels, Contains(Pair("io.faultline.mark.kind", "stop")));
  EXPECT_THAT(mark_filter("mine"), HasSubstr("io.faultline.owner%3Dmine"));
  EXPECT_THAT(mark_filter("mine"), HasSubstr("io.faultline.role%3Dmark"));
}

TEST_F(DockerMarksTest, ALaterOneTakesThePlaceOfTheEarlier) {
  there = mark_labels(mark, kMarkOwner);
  mark.touched = "2026-11-26T08:00:00Z";
  created = mark_labels(mark, kMarkOwner);
  ASSERT_TRUE(marks.put_mark(mark, in(2s)));
  EXPECT_EQ(*there, created);
}

TEST_F(DockerMarksTest, AnEngineThatKeepsTheEarlierOneIsNoSuccess) {
  there = mark_labels(mark, kMarkOwner);
  mark.touched = "2026-11-26T08:00:00Z";
  keeps = true;
  const auto put = marks.put_mark(mark, in(2s));
  ASSERT_FALSE(put);
  EXPECT_THAT(put.error().message, HasSubstr(kVolume));
}

TEST_F(DockerMarksTest, AVolumeOfAnotherHandIsNeitherTakenForOneNorRemoved) {
  for (const auto& labels : {Labels{}, mark_labels(mark, "io.faultline.other")}) {
    there = labels;
    const auto put = marks.put_mark(mark, in(2s));
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, ErrorCode::conflict);
    EXPECT_TRUE(marks.take_mark(mark.fault, mark.target_id, in(2s))) << "of ours there is none";
    EXPECT_THAT(marks.find_marks(in(2s))->marks, IsEmpty());
    EXPECT_EQ(there, labels);
  }
}

TEST_F(DockerMarksTest, WhatIsTakenIsGoneAndMayBeTakenAgain) {
  there = mark_labels(mark, kMarkOwner);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(marks.take_mark(mark.fault, mark.target_id, in(2s)));
  EXPECT_FALSE(there);
  EXPECT_THAT(marks.find_marks(in(2s))->marks, IsEmpty());
}

TEST_F(DockerMarksTest, OneThatTellsTooLittleIsNamed) {
  there = mark_labels(mark, kMarkOwner);
  there->erase("io.faultline.mark.target-id");
  const auto found = marks.find_marks(in(2s));
  ASSERT_TRUE(found);
  EXPECT_THAT(found->marks, IsEmpty());
  EXPECT_THAT(found->unreadable, ElementsAre("volume " + kVolume + ": its target-id is missing"));
}

TEST_F(DockerMarksTest, OneUnderTheNameOfAnotherFaultIsNotBelieved) {
  mark.fault = {"f-1a-2"};
  there = mark_labels(mark, kMarkOwner);
  const auto found = marks.find_marks(in(2s));
  ASSERT_TRUE(found);
  EXPECT_THAT(found->marks, IsEmpty());
  EXPECT_THAT(found->unreadable, ElementsAre(StartsWith("volume " + kVolume)));
}

TEST_F(DockerMarksTest, AnEngineThatRefusesIsAnErrorAndNeverNone) {
  for (const char* request : {"POST ", "GET "}) {
    refuses = request;
    EXPECT_EQ(marks.put_mark(mark, in(2s)).has_value(), refuses != "POST ");
    EXPECT_EQ(marks.find_marks(in(2s)).has_value(), refuses != "GET ");
  }
  refuses = "DELETE ";
  const auto taken = marks.take_mark(mark.fault, mark.target_id, in(2s));
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message, HasSubstr("broken"));
}

TEST_F(DockerMarksTest, NothingElseThanAnIdBecomesPartOfAPath) {
  mark.fault = {"../containers"};
  EXPECT_FALSE(marks.put_mark(mark, in(2s)));
  EXPECT_FALSE(marks.take_mark(mark.fault, mark.target_id, in(2s)));
  EXPECT_THAT(fake.requests(), IsEmpty());
}

}  // namespace
}  // namespace faultline::chaos
