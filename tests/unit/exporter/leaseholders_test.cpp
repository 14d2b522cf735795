#include "exporter/sources/leaseholders.hpp"

#include <gmock/gmock.h>

#include "exporter/observe/table_leases.hpp"
#include "exporter/sources/dialect.hpp"
#include "tests/unit/exporter/stepped_clock.hpp"

namespace faultline::sources {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using State = TableLeases::State;

TEST(TableNames, AreReadAndWrittenSoThatNothingInThemIsSql) {
  EXPECT_EQ(*parse_table_name("app.kv"), (TableName{"app", "public", "kv"}));
  EXPECT_EQ(*parse_table_name("app.s.Kv"), (TableName{"app", "s", "Kv"}));
  EXPECT_EQ(*parse_table_name(R"("a.b".public."say ""hi""")"),
            (TableName{"a.b", "public", "say \"hi\""}));
  EXPECT_EQ(in_sql({"app", "public", "x\"]; DROP TABLE t; --"}),
            R"("app"."public"."x""]; DROP TABLE t; --")");
  EXPECT_EQ(in_sql({"app", "public", "order"}), R"("app"."public"."order")");
  EXPECT_EQ(to_string(TableName{"app", "public", "Kv"}), R"(app.public."Kv")");
}

TEST(TableNames, WhatIsNoneIsRefusedAndSaysWhatWouldDo) {
  for (const std::string& text :
       {std::string{"kv"}, std::string{""}, std::string{"a.b.c.d"}, std::string{"a..b"},
        std::string{"a.\"b"}, std::string{"a.b\"c\""}, std::string{"\"a\"b.c"},
        std::string{"a.b\n"}, std::string{"a.b\0c", 5}, "a." + std::string(300, 'x')}) {
    const auto name = parse_table_name(text);
    ASSERT_FALSE(name) << text;
    EXPECT_EQ(name.error().code, ErrorCode::invalid);
    EXPECT_THAT(name.error().message, HasSubstr("database.schema.table"));
  }
}

TEST(LeaseholdersOf, TheStatementIsWhatThisVersionUnderstands) {
  const auto of = [](std::optional<sql::ServerVersion> version) {
    return sql::leaseholders_of("\"t\"", 9, version);
  };
  const std::string old_one =
      "SELECT range_id, lease_holder FROM [SHOW RANGES FROM TABLE \"t\"] LIMIT 9";
  const std::string new_one =
      "SELECT range_id, lease_holder FROM [SHOW RANGES FROM TABLE \"t\" WITH DETAILS] LIMIT 9";
  EXPECT_THAT(of(sql::ServerVersion{22, 2, 0}), ElementsAre(old_one));
  EXPECT_THAT(of(sql::ServerVersion{24, 3, 0}), ElementsAre(new_one, old_one));
  EXPECT_THAT(of(std::nullopt), ElementsAre(new_one, old_one));
}

TEST(Leaseholders, AreCountedByStoreAndNotAtAllIfOneDoesNotTell) {
  const auto part = parse_leaseholders({{"1", "3"}, {"2", "1"}, {"7", "3"}});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->ranges, 3);
  EXPECT_EQ(part->leases, (std::map<StoreId, std::int64_t>{{StoreId{1}, 1}, {StoreId{3}, 2}}));
  for (const sql::Cell& untold : {sql::Cell{}, sql::Cell{"0"}}) {
    const auto refused = parse_leaseholders({{"1", "3"}, {"2", untold}});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("1 of 2 ranges do not tell"));
  }
  EXPECT_FALSE(parse_leaseholders({{"1", "three"}}));
  const sql::Rows many(LeaseholdersSource::kRangesMax + 1, {"1", "1"});
  EXPECT_EQ(parse_leaseholders(many).error().code, ErrorCode::too_large);
}

/// A desk whose read says what the test wants, and is stepped by hand.
struct Desk : testing::Test {
  LeaseholderDesk make() {
    return LeaseholderDesk{[this](const TableName& table, Deadline) {
                             reads.push_back(table.table);
                             return answer;
                           },
                           clock};
  }
  test::SteppedClock clock;
  Result<LeaseholdersPart> answer = LeaseholdersPart{{{StoreId{1}, 2}}, 2};
  std::vector<std::string> reads;
  TableName kv{"app", "public", "kv"};
};

TEST_F(Desk, TheFirstQuestionHasItReadAndTheNextIsAnswered) {
  auto desk = make();
  EXPECT_FALSE(desk.step());
  EXPECT_FALSE(desk.ask(kv));
  EXPECT_FALSE(desk.ask(kv)) << "twice is one question";
  EXPECT_TRUE(desk.step());
  EXPECT_FALSE(desk.step());
  ASSERT_TRUE(desk.ask(kv));
  EXPECT_EQ(desk.ask(kv)->part->ranges, 2);
  EXPECT_THAT(reads, ElementsAre("kv"));
}

TEST_F(Desk, AnAnswerAgesAndAFailureIsAnAnswerToo) {
  answer = Error{ErrorCode::upstream, "57014"};
  auto desk = make();
  (void)desk.ask(kv);
  desk.step();
  EXPECT_FALSE(desk.ask(kv)->part);
  EXPECT_FALSE(desk.step()) << "who asks in a loop costs the cluster one statement";
  clock.advance(LeaseholderDesk::kFresh);
  EXPECT_FALSE(desk.ask(kv));
  EXPECT_TRUE(desk.step());
  EXPECT_EQ(reads.size(), 2U);
}

TEST_F(Desk, WhatIsAskedForLongestIsReadFirstAndThereIsAnEndToIt) {
  auto desk = make();
  for (std::size_t i = 0; i < LeaseholderDesk::kTablesMax; ++i) {
    EXPECT_FALSE(desk.ask({"app", "public", std::to_string(99 - i)}));
    clock.advance(milliseconds{1});
  }
  ASSERT_TRUE(desk.ask(kv));
  EXPECT_FALSE(desk.ask(kv)->part) << "too many at once";
  desk.step();
  EXPECT_THAT(reads, ElementsAre("99"));
  EXPECT_FALSE(desk.ask(kv)) << "an answered one makes room";
}

TEST(TableLeasesByNode, StoresOfOneNodeAddUpAndMostComeFirst) {
  observe::ImpactBasis basis;
  basis.stores = {{StoreId{1}, NodeId{1}},
                  {StoreId{2}, NodeId{2}},
                  {StoreId{3}, NodeId{3}},
                  {StoreId{4}, NodeId{3}},
                  {StoreId{5}, std::nullopt}};
  LeaseholdersPart part;
  part.ranges = 8;
  part.leases = {{StoreId{1}, 2}, {StoreId{2}, 2}, {StoreId{3}, 1}, {StoreId{4}, 3}};
  const TableName kv{"app", "public", "kv"};
  const LeaseholderDesk::Answer told{part, from_ms(5)};
  const auto known = observe::table_leases(kv, told, &basis);
  EXPECT_EQ(known.state, State::known);
  EXPECT_EQ(known.table, "app.public.kv");
  EXPECT_THAT(known.holders,
              ElementsAre(TableLeases::Holder{NodeId{3}, 4}, TableLeases::Holder{NodeId{1}, 2},
                          TableLeases::Holder{NodeId{2}, 2}));

  part.leases = {{StoreId{1}, 2}, {StoreId{5}, 1}};
  for (const auto* who : {static_cast<const observe::ImpactBasis*>(&basis),
                          static_cast<const observe::ImpactBasis*>(nullptr)}) {
    const auto unknown = observe::table_leases(kv, LeaseholderDesk::Answer{part, from_ms(5)}, who);
    EXPECT_EQ(unknown.state, State::unknown);
    EXPECT_THAT(unknown.reason, HasSubstr("whose store that is"));
    EXPECT_TRUE(unknown.holders.empty());
  }
  EXPECT_EQ(observe::table_leases(kv, std::nullopt, &basis).state, State::reading);
}

}  // namespace
}  // namespace faultline::sources
