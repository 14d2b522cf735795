// CREATE USER and its relatives as parsed, and allow_unsafe_internals.
#include <gtest/gtest.h>

#include "tests/unit/simulator/sql_fixture.hpp"

namespace faultline::sim::sql {
namespace {

using Act = RoleChange::Act;
using On = RoleChange::On;
using Words = std::vector<std::string>;

/// Keeps what it was asked to change; plays a release with or without the variable.
class RoleCatalog final : public FakeCatalog {
 public:
  NodeIdentity identity() const override {
    NodeIdentity made = FakeCatalog::identity();
    made.unsafe_internals = unsafe;
    return made;
  }
  SqlResult<std::monostate> change_roles(const Context&, const RoleChange& change) override {
    last = change;
    return std::monostate{};
  }
  std::optional<bool> unsafe;
  RoleChange last;
};

class SqlRoles : public testing::Test {
 protected:
  /// The statement's tag, or its error.
  std::string run(const std::string& text) {
    if (!session_) {
      session_ = std::make_unique<Session>(catalog, SessionOptions{"root", "app", 1, nullptr});
    }
    const auto done = execute_first(*session_, text);
    if (const auto* error = std::get_if<SqlError>(&done)) {
      last_error = *error;
      return error->sqlstate;
    }
    return std::get<Outcome>(done).tag;
  }
  RoleCatalog catalog;
  SqlError last_error;

 private:
  std::unique_ptr<Session> session_;
};

TEST_F(SqlRoles, CreateUserTakesPasswordAndOptions) {
  EXPECT_EQ(run("CREATE USER IF NOT EXISTS usr WITH PASSWORD 'p''w' VIEWACTIVITY nologin"),
            "CREATE ROLE");
  EXPECT_EQ(catalog.last.act, Act::create);
  EXPECT_EQ(catalog.last.roles, Words{"usr"});
  EXPECT_TRUE(catalog.last.if_exists);
  EXPECT_EQ(catalog.last.password, "p'w");
  EXPECT_EQ(catalog.last.options, (Words{"VIEWACTIVITY", "NOLOGIN"}));
}

TEST_F(SqlRoles, GrantsAreToldApart) {
  EXPECT_EQ(run("GRANT SYSTEM VIEWCLUSTERMETADATA, viewactivityredacted TO usr, other"), "GRANT");
  EXPECT_EQ(catalog.last.on, On::system);
  EXPECT_EQ(catalog.last.privileges, (Words{"VIEWCLUSTERMETADATA", "VIEWACTIVITYREDACTED"}));
  EXPECT_EQ(catalog.last.roles, (Words{"usr", "other"}));
  EXPECT_EQ(run("GRANT admin TO usr"), "GRANT");
  EXPECT_EQ(catalog.last.on, On::role);
  EXPECT_EQ(catalog.last.privileges, Words{"admin"});
  EXPECT_EQ(run("GRANT SELECT, INSERT ON TABLE kv TO usr"), "GRANT");
  EXPECT_EQ(catalog.last.on, On::table);
  EXPECT_EQ(catalog.last.objects, (std::vector<Words>{{"app", "public", "kv"}}));
  EXPECT_EQ(run("REVOKE ALL PRIVILEGES ON DATABASE app FROM usr"), "REVOKE");
  EXPECT_EQ(catalog.last.act, Act::revoke);
  EXPECT_EQ(catalog.last.on, On::database);
}

TEST_F(SqlRoles, AlterRoleSetsAndResetsVariables) {
  EXPECT_EQ(run("ALTER ROLE usr SET allow_unsafe_internals = on"), "ALTER ROLE");
  EXPECT_EQ(catalog.last.variable, "allow_unsafe_internals");
  EXPECT_EQ(catalog.last.value, "on");
  EXPECT_EQ(run("ALTER USER usr RESET ALL"), "ALTER ROLE");
  EXPECT_EQ(catalog.last.variable, "all");
  EXPECT_FALSE(catalog.last.value);
  EXPECT_EQ(run("ALTER USER usr WITH PASSWORD NULL"), "ALTER ROLE");
  EXPECT_EQ(catalog.last.password, "");
  EXPECT_EQ(run("DROP USER IF EXISTS a, b"), "DROP ROLE");
  EXPECT_EQ(catalog.last.roles, (Words{"a", "b"}));
}

TEST_F(SqlRoles, WhatIsNoStatementIsASyntaxError) {
  for (const char* text : {"CREATE USER", "GRANT TO usr", "GRANT SYSTEM x usr", "ALTER USER",
                           "CREATE USER u WITH PASSWORD 5", "GRANT SELECT ON TO u"}) {
    EXPECT_EQ(run(text), "42601") << text;
  }
  EXPECT_EQ(run("GRANT SELECT ON nowhere TO usr"), "42P01");
}

TEST_F(SqlRoles, OldReleasesKnowNoUnsafeInternals) {
  EXPECT_EQ(run("SHOW allow_unsafe_internals"), "42704");
  EXPECT_EQ(run("SELECT 1 FROM crdb_internal.gossip_nodes LIMIT 1"), "SELECT");
}

TEST_F(SqlRoles, UnsafeInternalsOffClosesInternalTablesWithTextAndHint) {
  catalog.unsafe = false;
  EXPECT_EQ(run("SELECT 1 FROM crdb_internal.gossip_nodes"), "42501");
  EXPECT_EQ(last_error.message, "Access to crdb_internal and system is restricted.");
  EXPECT_EQ(last_error.hint,
            "These interfaces are unsupported in production. To proceed, set the session variable "
            "allow_unsafe_internals = true (not recommended), or contact Cockroach Labs for a "
            "supported alternative.");
  EXPECT_EQ(run("SELECT count(*) FROM kv"), "SELECT") << "other tables are open";
  EXPECT_EQ(run("SET allow_unsafe_internals = true"), "SET");
  EXPECT_EQ(run("SELECT 1 FROM crdb_internal.gossip_nodes LIMIT 1"), "SELECT");
}

TEST_F(SqlRoles, UnsafeInternalsAreOnByDefaultIn254) {
  catalog.unsafe = true;
  EXPECT_EQ(run("SELECT 1 FROM crdb_internal.gossip_nodes LIMIT 1"), "SELECT");
  EXPECT_EQ(run("SET allow_unsafe_internals = off"), "SET");
  EXPECT_EQ(run("SELECT 1 FROM crdb_internal.gossip_nodes LIMIT 1"), "42501");
}

TEST_F(SqlRoles, ClusterRangesOfAReleaseWithoutThemAreASyntaxError) {
  EXPECT_EQ(run("SHOW CLUSTER RANGES"), "42601");
}

}  // namespace
}  // namespace faultline::sim::sql
