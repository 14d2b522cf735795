// ALTER RANGE and ALTER TABLE ... CONFIGURE ZONE USING as parsed.
#include <gtest/gtest.h>

#include "tests/unit/simulator/sql_fixture.hpp"

namespace faultline::sim::sql {
namespace {

/// Keeps what it was asked to change.
class ZoneCatalog final : public FakeCatalog {
 public:
  SqlResult<std::monostate> configure_zone(const Context&, const ZoneChange& change) override {
    last = change;
    return std::monostate{};
  }
  ZoneChange last;
};

class SqlZones : public testing::Test {
 protected:
  /// The statement's tag, or the code of its error.
  std::string run(const std::string& text) {
    if (!session_) {
      session_ = std::make_unique<Session>(catalog, SessionOptions{"root", "app", 1, nullptr});
    }
    const auto done = execute_first(*session_, text);
    if (const auto* error = std::get_if<SqlError>(&done)) return error->sqlstate;
    return std::get<Outcome>(done).tag;
  }
  ZoneCatalog catalog;

 private:
  std::unique_ptr<Session> session_;
};

TEST_F(SqlZones, OfANamedRange) {
  EXPECT_EQ(run("ALTER RANGE liveness CONFIGURE ZONE USING num_replicas = 1, "
                "constraints = '[+region=eu, +zone=a]'"),
            "CONFIGURE ZONE 1");
  EXPECT_EQ(catalog.last.range, "liveness");
  EXPECT_EQ(catalog.last.replicas, 1);
  EXPECT_EQ(catalog.last.constraints, (std::vector<std::string>{"region=eu", "zone=a"}));
}

TEST_F(SqlZones, OfATable) {
  EXPECT_EQ(run("ALTER TABLE kv CONFIGURE ZONE USING num_replicas = 3"), "CONFIGURE ZONE 1");
  EXPECT_EQ(catalog.last.range, "");
  EXPECT_EQ(catalog.last.table, (std::vector<std::string>{"app", "public", "kv"}));
  EXPECT_EQ(catalog.last.constraints, std::nullopt) << "not said: it stays as it is";
}

TEST_F(SqlZones, WhatIsNotKnownIsRefused) {
  EXPECT_EQ(run("ALTER TABLE nosuch CONFIGURE ZONE USING num_replicas = 1"), "42P01");
  EXPECT_EQ(run("ALTER TABLE kv CONFIGURE ZONE USING num_replicas = 0"), "22023");
  EXPECT_EQ(run("ALTER TABLE kv CONFIGURE ZONE USING constraints = '[-zone=a]'"), "22023");
  EXPECT_EQ(run("ALTER TABLE kv CONFIGURE ZONE USING constraints = '+zone=a'"), "22023");
  EXPECT_EQ(run("ALTER TABLE kv CONFIGURE ZONE USING gc.ttlseconds = 600"), "0A000");
  EXPECT_EQ(run("ALTER TABLE kv CONFIGURE ZONE USING range_max_bytes = 600"), "0A000");
  EXPECT_EQ(run("ALTER TABLE kv RENAME TO other"), "0A000");
  EXPECT_EQ(run("ALTER INDEX kv"), "42601");
}

}  // namespace
}  // namespace faultline::sim::sql
