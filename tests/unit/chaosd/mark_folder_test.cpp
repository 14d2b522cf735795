#include "chaosd/service/mark_folder.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/unit/chaosd/deadline_in.hpp"
#include "tests/unit/chaosd/temporary_folder.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class MarkFolderTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return folder.path() + "/marks/" + name;
  }
  FoundMarks found() {
    const auto all = marks.find_marks(in(1s));
    EXPECT_TRUE(all) << (all ? "" : all.error().message);
    return all ? *all : FoundMarks{};
  }

  TemporaryFolder folder;
  MarkFolder marks{folder.path() + "/marks"};
  Mark mark{{"f-1a-1"}, FaultKind::pause,      "process:n1",   "n1",           "boot/12/34",
            0s,         "1/2/3/4/5 0/0/0/0/0", from_ms(1'000), from_ms(61'000)};
};

TEST_F(MarkFolderTest, HasNoneBeforeTheFirstIsPut) {
  EXPECT_THAT(found().marks, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/marks")) << "to look changes nothing";
}

TEST_F(MarkFolderTest, AMarkIsFoundAsItWasPutByWhoeverLooks) {
  ASSERT_TRUE(marks.put_mark(mark, in(1s)));
  MarkFolder other{folder.path() + "/marks"};
  const auto all = other.find_marks(in(1s));
  ASSERT_TRUE(all);
  EXPECT_THAT(all->marks, ElementsAre(mark));
}

TEST_F(MarkFolderTest, ALaterOneTakesThePlaceOfTheEarlier) {
  ASSERT_TRUE(marks.put_mark(mark, in(1s)));
  mark.touched = "ended/34";
  ASSERT_TRUE(marks.put_mark(mark, in(1s)));
  EXPECT_THAT(found().marks, ElementsAre(mark));
}

TEST_F(MarkFolderTest, WhatIsTakenIsGoneAndMayBeTakenAgain) {
  ASSERT_TRUE(marks.put_mark(mark, in(1s)));
  std::ofstream{path("f-1a-1.mark.new")} << "half";  // Of a chaosd that died while it wrote.
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(marks.take_mark(mark.fault, mark.target_id, in(1s)));
  EXPECT_THAT(found().marks, IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() + "/marks"));
}

TEST_F(MarkFolderTest, OneThatWasChangedIsNotBelievedAndHidesNoOther) {
  ASSERT_TRUE(marks.put_mark(mark, in(1s)));
  std::ifstream whole{path("f-1a-1.mark")};
  std::string text{std::istreambuf_iterator<char>{whole}, {}};
  text.replace(text.find("process:n1"), 10, "process:n2");
  std::ofstream{path("f-1a-2.mark")} << text;
  std::ofstream{path("f-1a-3.mark")} << "";
  const auto all = found();
  EXPECT_THAT(all.marks, ElementsAre(mark));
  EXPECT_THAT(all.unreadable, SizeIs(2));
  EXPECT_THAT(all.unreadable.front(), HasSubstr(folder.path() + "/marks/f-1a-"));
}

TEST_F(MarkFolderTest, AnIdThatIsAPathIsRefused) {
  mark.fault = {"../../journal"};
  EXPECT_FALSE(marks.put_mark(mark, in(1s)));
  EXPECT_FALSE(marks.take_mark(mark.fault, mark.target_id, in(1s)));
}

TEST_F(MarkFolderTest, AFolderThatCannotBeMadeIsAnErrorThatNamesIt) {
  std::ofstream{folder.path() + "/marks"} << "a file";
  const auto put = marks.put_mark(mark, in(1s));
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, ErrorCode::unavailable);
  EXPECT_THAT(put.error().message, HasSubstr(folder.path() + "/marks"));
  EXPECT_FALSE(marks.find_marks(in(1s))) << "cannot be asked is not none";
}

}  // namespace
}  // namespace faultline::chaos
