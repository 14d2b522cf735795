#include "simulator/client/sql_shell.hpp"

#include <gtest/gtest.h>

#include "simulator/pgwire/server.hpp"
#include "tests/unit/simulator/sql_fake_catalog.hpp"

namespace faultline::sim::client {
namespace {

TEST(SqlShell, TakesFlagsInBothSpellings) {
  const auto options =
      parse_sql({"--insecure", "--host=h:1", "-e", "SELECT 1", "--execute=SELECT 2", "-d", "bank"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->host, "h");
  EXPECT_EQ(options->port, "1");
  EXPECT_EQ(options->database, "bank");
  EXPECT_EQ(options->statements, (std::vector<std::string>{"SELECT 1", "SELECT 2"}));
}

TEST(SqlShell, AWrongCommandLineNamesTheFlag) {
  EXPECT_EQ(parse_sql({"-e", "SELECT 1"}).error().field, "--insecure");
  EXPECT_EQ(parse_sql({"--insecure"}).error().field, "-e");
  EXPECT_EQ(parse_sql({"--insecure", "-e"}).error().field, "-e");
  EXPECT_EQ(parse_sql({"--insecure", "--what=1"}).error().field, "--what");
}

class SqlShellAtAServer : public ::testing::Test {
 protected:
  SqlOutcome run(std::vector<std::string> statements) {
    auto made = pgwire::Server::create({"127.0.0.1", 0, 5}, catalog_, {});
    EXPECT_TRUE(made);
    SqlOptions options;
    options.host = "127.0.0.1";
    options.port = std::to_string((*made)->port());
    options.statements = std::move(statements);
    const SqlOutcome outcome = run_sql(options);
    (*made)->stop();
    return outcome;
  }
  sql::FakeCatalog catalog_;
};

TEST_F(SqlShellAtAServer, PrintsAHeaderAndRowsWithTabs) {
  const SqlOutcome outcome = run({"SELECT 1 AS a, NULL AS b", "SELECT 'x' AS c"});
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.out, "a\tb\n1\tNULL\nc\nx\n");
}

TEST_F(SqlShellAtAServer, TheFirstFailureEndsItWithItsState) {
  const SqlOutcome outcome = run({"SELECT 1 AS a", "SELECT nothing FROM nowhere", "SELECT 2"});
  EXPECT_EQ(outcome.out, "a\n1\n");
  EXPECT_TRUE(outcome.error.starts_with("ERROR: "));
  EXPECT_NE(outcome.error.find("\nSQLSTATE: 42P01"), std::string::npos) << outcome.error;
}

TEST_F(SqlShellAtAServer, APortThatNobodyServesIsNamed) {
  auto made = pgwire::Server::create({"127.0.0.1", 0, 5}, catalog_, {});
  ASSERT_TRUE(made);
  SqlOptions options;
  options.host = "127.0.0.1";
  options.port = std::to_string((*made)->port());
  options.statements = {"SELECT 1"};
  made->reset();
  EXPECT_NE(run_sql(options).error.find(options.port), std::string::npos);
}

TEST_F(SqlShellAtAServer, AServerThatSaysNothingIsGivenUpAtTheDeadline) {
  pgwire::ServerHooks silent;
  silent.accepts_logins = [] { return false; };
  auto made = pgwire::Server::create({"127.0.0.1", 0, 5}, catalog_, std::move(silent));
  ASSERT_TRUE(made);
  SqlOptions options;
  options.host = "127.0.0.1";
  options.port = std::to_string((*made)->port());
  options.statements = {"SELECT 1"};
  options.deadline = std::chrono::milliseconds(50);
  EXPECT_TRUE(run_sql(options).error.starts_with("ERROR: "));
  (*made)->stop();
}

}  // namespace
}  // namespace faultline::sim::client
