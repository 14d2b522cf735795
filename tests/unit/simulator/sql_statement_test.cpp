#include "tests/unit/simulator/sql_fixture.hpp"

namespace faultline::sim::sql {
namespace {

TEST_F(SqlTest, WritesAnswerWithTheirTags) {
  EXPECT_EQ(ask("UPSERT INTO app.kv VALUES (1, 'a')"), "INSERT 0 1");
  EXPECT_EQ(ask("INSERT INTO kv (v, k) VALUES ('x', 7), ('y', 8)"), "INSERT 0 2");
  EXPECT_EQ(ask("UPDATE kv SET v = v || '!' WHERE k >= 7"), "UPDATE 2");
  EXPECT_EQ(ask("SELECT * FROM kv ORDER BY k"), "1|a;2|NULL;7|x!;8|y!");
  EXPECT_EQ(ask("DELETE FROM kv WHERE k = 7"), "DELETE 1");
  EXPECT_EQ(ask("DELETE FROM kv WHERE k = 7"), "DELETE 0");
  EXPECT_EQ(ask("INSERT INTO kv SELECT k + 100, v FROM kv WHERE k = 1 RETURNING k, v"), "101|a");
  EXPECT_EQ(outcome.tag, "INSERT 0 1");
}

TEST_F(SqlTest, ConflictsAreRefusedSkippedOrOverwritten) {
  const SqlError twice = error_of("INSERT INTO kv VALUES (20, 'a'), (20, 'b')");
  EXPECT_EQ(twice.sqlstate, "23505");
  EXPECT_EQ(twice.detail, "Key (k)=(20) already exists.");
  EXPECT_EQ(twice.constraint, "kv_pkey");
  EXPECT_EQ(error_of("INSERT INTO kv VALUES (1, 'a')").sqlstate, "23505");
  EXPECT_EQ(ask("INSERT INTO kv VALUES (1, 'z'), (30, 'z') ON CONFLICT (k) DO NOTHING"),
            "INSERT 0 1");
  EXPECT_EQ(ask("INSERT INTO kv VALUES (1, 'new') ON CONFLICT (k) DO UPDATE SET v = excluded.v"),
            "INSERT 0 1");
  EXPECT_EQ(ask("SELECT v FROM kv WHERE k = 1"), "new");
  EXPECT_EQ(ask("INSERT INTO kv VALUES (NULL, 'a')").substr(0, 11), "ERROR 23502");
  EXPECT_EQ(ask("INSERT INTO kv VALUES (1, 'a', 3)").substr(0, 11), "ERROR 42601");
  EXPECT_EQ(ask("INSERT INTO kv VALUES ('x', 'a')").substr(0, 11), "ERROR 22P02");
}

TEST_F(SqlTest, TablesAndDatabasesAreMadeAndDropped) {
  EXPECT_EQ(ask("CREATE DATABASE IF NOT EXISTS fresh"), "CREATE DATABASE");
  EXPECT_EQ(ask("CREATE TABLE IF NOT EXISTS fresh.t (a INT NOT NULL, b STRING DEFAULT 'x', "
                "c TIMESTAMPTZ DEFAULT now(), PRIMARY KEY (a))"),
            "CREATE TABLE");
  EXPECT_EQ(ask("INSERT INTO fresh.t (a) VALUES (5)"), "INSERT 0 1");
  EXPECT_EQ(ask("SELECT a, b FROM fresh.t"), "5|NULL");
  EXPECT_EQ(ask("CREATE TABLE app.kv (a INT)"),
            "ERROR 42P07: relation \"app.public.kv\" already exists");
  EXPECT_EQ(ask("CREATE TABLE nosuchdb.t (a INT)"),
            "ERROR 3D000: database \"nosuchdb\" does not exist");
  EXPECT_EQ(ask("CREATE TABLE t2 (a INT, a INT)").substr(0, 11), "ERROR 42701");
  EXPECT_EQ(ask("DROP TABLE fresh.t"), "DROP TABLE");
  EXPECT_EQ(ask("DROP TABLE fresh.t").substr(0, 11), "ERROR 42P01");
}

TEST_F(SqlTest, ShowsWhatPeopleAskFor) {
  EXPECT_EQ(ask("SHOW DATABASES"), "app;system");
  EXPECT_EQ(outcome.tag, "SHOW DATABASES");
  EXPECT_EQ(ask("SHOW TABLES"), "public|kv|table|root|0|NULL");
  EXPECT_EQ(ask("SELECT column_name, data_type, is_nullable FROM [SHOW COLUMNS FROM app.kv]"),
            "k|INT8|f;v|STRING|t");
  EXPECT_EQ(ask("SHOW CLUSTER SETTING version"), "21.2-62");
  EXPECT_EQ(ask("SET CLUSTER SETTING kv.x.y = '1m15s'"), "SET CLUSTER SETTING");
  EXPECT_EQ(ask("SHOW CLUSTER SETTING kv.x.y"), "1m15s");
  EXPECT_EQ(ask("SHOW CLUSTER SETTING no.such").substr(0, 11), "ERROR XXUUU");
  EXPECT_EQ(ask("SHOW RANGES FROM TABLE app.nosuch"),
            "ERROR 42P01: relation \"app.nosuch\" does not exist");
  EXPECT_EQ(ask("EXPLAIN SELECT 1").empty(), false);
  EXPECT_EQ(ask("EXPLAIN SELECT nocol FROM kv").substr(0, 11), "ERROR 42703");
}

TEST_F(SqlTest, SessionVariables) {
  EXPECT_EQ(ask("SET statement_timeout = '2s'; SHOW statement_timeout"), "2000");
  EXPECT_EQ(ask("SET statement_timeout TO 1500; SHOW statement_timeout"), "1500");
  EXPECT_EQ(ask("RESET statement_timeout; SHOW statement_timeout"), "0");
  EXPECT_EQ(ask("SET statement_timeout='bad'"),
            "ERROR 22007: invalid value for parameter \"statement_timeout\": \"bad\": could not "
            "parse \"bad\" as type interval: interval: missing number at position 0: \"bad\"");
  EXPECT_EQ(ask("set nosuch=1"), "ERROR 42704: unrecognized configuration parameter \"nosuch\"");
  EXPECT_EQ(ask("SET server_version = '9'").substr(0, 11), "ERROR 55P02");
  EXPECT_EQ(ask("use nosuchdb"), "ERROR 3D000: database \"nosuchdb\" does not exist");
  EXPECT_EQ(ask("USE system; SELECT current_database()"), "system");
  EXPECT_EQ(ask("SET SESSION application_name = 'me'"), "SET");
  ASSERT_EQ(outcome.changed_parameters.size(), 1U);
  EXPECT_EQ(outcome.changed_parameters[0],
            (std::pair<std::string, std::string>{"application_name", "me"}));
  EXPECT_EQ(ask("SET TIME ZONE 'UTC'; SHOW TIME ZONE"), "UTC");
}

TEST_F(SqlTest, AFailedTransactionIgnoresStatementsUntilItEnds) {
  EXPECT_EQ(ask("BEGIN"), "BEGIN");
  EXPECT_EQ(session.status(), TransactionStatus::open);
  EXPECT_EQ(ask("SELECT 1/0"), "ERROR 22012: division by zero");
  EXPECT_EQ(session.status(), TransactionStatus::failed);
  EXPECT_EQ(ask("SELECT 1").substr(0, 11), "ERROR 25P02");
  EXPECT_EQ(ask("COMMIT"), "ROLLBACK");
  EXPECT_EQ(session.status(), TransactionStatus::idle);
  EXPECT_EQ(ask("SELECT 1"), "1");
}

TEST_F(SqlTest, SavepointsBringAFailedTransactionBack) {
  (void)ask("START TRANSACTION ISOLATION LEVEL SERIALIZABLE");
  EXPECT_EQ(ask("SAVEPOINT a"), "SAVEPOINT");
  (void)ask("SELECT nosuch");
  EXPECT_EQ(ask("ROLLBACK TO SAVEPOINT a"), "ROLLBACK");
  EXPECT_EQ(ask("SELECT 1"), "1");
  EXPECT_EQ(ask("COMMIT"), "COMMIT");
  EXPECT_EQ(ask("COMMIT"), "ERROR 25P01: there is no transaction in progress");
}

TEST_F(SqlTest, AHangingTableEndsAtTheStatementTimeout) {
  catalog.table("app", "public", "kv").hangs = true;
  EXPECT_EQ(ask("SET statement_timeout = '20ms'; SELECT * FROM kv"),
            "ERROR 57014: query execution canceled due to statement timeout");
  EXPECT_EQ(ask("SELECT pg_sleep(5)"),
            "ERROR 57014: query execution canceled due to statement timeout");
}

TEST_F(SqlTest, ACancelledStatementSaysSo) {
  const std::atomic<bool> cancelled{true};
  Session other(catalog, SessionOptions{"root", "app", 1, &cancelled});
  auto parsed = other.parse("SELECT pg_sleep(5)");
  auto result = other.execute(std::get<std::vector<Prepared>>(parsed).front());
  ASSERT_TRUE(std::holds_alternative<SqlError>(result));
  EXPECT_EQ(std::get<SqlError>(result).message, "query execution canceled");
}

TEST_F(SqlTest, PlaceholdersTakeTheirTypesFromTheirPlace) {
  const auto types = [&](const std::string& text) {
    auto parsed = session.parse(text);
    auto& prepared = std::get<std::vector<Prepared>>(parsed).front();
    auto described = session.describe(prepared);
    if (const auto* error = std::get_if<SqlError>(&described)) return error->sqlstate;
    std::string names;
    for (const auto& type : prepared.parameter_types) {
      names += std::to_string(static_cast<int>(type.value_or(Type::unknown))) + " ";
    }
    return names;
  };
  EXPECT_EQ(types("SELECT v FROM kv WHERE k = $1 AND v LIKE $2 LIMIT $3"), "0 1 0 ");
  EXPECT_EQ(types("INSERT INTO kv VALUES ($1, $2)"), "0 1 ");
  EXPECT_EQ(types("SELECT $1::FLOAT8"), "4 ");
  EXPECT_EQ(types("SELECT k FROM kv WHERE k = ANY($1)"), "12 ");
  EXPECT_EQ(types("SELECT $1"), "42P18");
}

TEST_F(SqlTest, EmptyAndDividedTexts) {
  EXPECT_EQ(ask(";; SELECT 1;; SELECT 2;"), "2");
  EXPECT_EQ(ask("-- nothing\n/* at /* all */ */ SELECT 3 -- end"), "3");
  auto parsed = session.parse("");
  EXPECT_TRUE(std::get<std::vector<Prepared>>(parsed).front().parsed->statements.empty());
  EXPECT_EQ(ask("SELECT 1 SELECT 2").substr(0, 11), "ERROR 42601");
}

}  // namespace
}  // namespace faultline::sim::sql
