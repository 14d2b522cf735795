#include "simulator/pgwire/connection.hpp"
#include "tests/unit/simulator/pgwire_number.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/unit/simulator/sql_fake_catalog.hpp"

namespace faultline::sim::pgwire {
namespace {

using namespace std::string_literals;

std::string startup(const std::string& parameters) {
  return number(parameters.size() + 9, 4) + number(196608, 4) + parameters + '\0';
}

std::string message(char type, const std::string& payload) {
  return type + number(payload.size() + 4, 4) + payload;
}

std::string query(const std::string& text) { return message('Q', text + '\0'); }
std::string parse(const std::string& name, const std::string& text) {
  return message('P', name + '\0' + text + '\0' + number(0, 2));
}
std::string bind(const std::string& name, const std::vector<std::string>& values,
                 std::uint64_t result_format) {
  std::string payload = '\0' + name + '\0' + number(0, 2) + number(values.size(), 2);
  for (const std::string& value : values) payload += number(value.size(), 4) + value;
  return message('B', payload + number(1, 2) + number(result_format, 2));
}
std::string execute(std::uint64_t rows_max) { return message('E', "\0"s + number(rows_max, 4)); }
const std::string kSync = message('S', "");

/// A conversation with a node; answers are read back message by message.
class PgwireTest : public testing::Test {
 protected:
  std::string say(const std::string& bytes) {
    connection().feed(bytes);
    while (connection().step()) {
    }
    return connection().take_output();
  }
  void log_in() { (void)say(startup("user\0root\0database\0app\0"s)); }

  /// The types of the messages in an answer: "TDDCZ".
  static std::string types(const std::string& answer) {
    std::string found;
    for (std::size_t at = 0; at + 5 <= answer.size();) {
      found += answer[at];
      at += 1 + sql::read_integer(std::string_view(answer).substr(at + 1, 4));
    }
    return found;
  }
  Connection& connection() {
    if (!connection_) connection_ = std::make_unique<Connection>(catalog, flags, options);
    return *connection_;
  }

  sql::FakeCatalog catalog;
  ConnectionFlags flags;
  ConnectionOptions options{{(3U << 20U) | 5U, 99}, {}, {}, {}};

 private:
  std::unique_ptr<Connection> connection_;
};

TEST_F(PgwireTest, LoginSaysTwelveParametersKeyAndReady) {
  const std::string answer = say(startup("user\0root\0application_name\0me\0"s));
  EXPECT_EQ(types(answer), "RSSSSSSSSSSSSKZ");
  EXPECT_NE(answer.find("application_name\0me\0"s), std::string::npos);
  EXPECT_NE(answer.find("crdb_version\0CockroachDB CCL v22.1.0-test (simulated)\0"s),
            std::string::npos);
  EXPECT_LT(answer.find("DateStyle"), answer.find("crdb_version"));
}

TEST_F(PgwireTest, TlsIsDeclinedAndTheConnectionGoesOn) {
  EXPECT_EQ(say(number(8, 4) + number(80877103, 4)), "N");
  EXPECT_EQ(types(say(startup("user\0root\0"s))).substr(0, 1), "R");
}

TEST_F(PgwireTest, GssIsAnErrorAndTheEnd) {
  EXPECT_EQ(say(number(8, 4) + number(80877104, 4)),
            "E\0\0\0SSERROR\0C08P01\0Fserver.go\0L656\0RServeConn\0MGSS encryption is not yet "
            "supported\0\0"s);
  EXPECT_TRUE(connection().is_closed());
}

TEST_F(PgwireTest, UnknownAndMissingUsersAreRefusedAsRecorded) {
  EXPECT_EQ(say(startup("user\0ghost\0"s)),
            "E\0\0\0nSERROR\0C28000\0Fauth.go\0L196\0RNewErrPasswordUserAuthFailed\0Mpassword "
            "authentication failed for user ghost\0\0"s);
  EXPECT_TRUE(connection().is_closed());
}

TEST_F(PgwireTest, AnotherProtocolHearsHttp2) {
  EXPECT_EQ(say("GET / HTTP/1.1\r\n\r\n"), http2_greeting());
  EXPECT_EQ(say("more"), "");
  EXPECT_FALSE(connection().is_closed());
}

TEST_F(PgwireTest, ALoginWaitsInSilenceUntilTheNodeIsReady) {
  bool ready = false;
  options.accepts_logins = [&] { return ready; };
  EXPECT_EQ(say(startup("user\0root\0"s)), "");
  EXPECT_TRUE(connection().waits_for_login());
  EXPECT_EQ(say(""), "");
  ready = true;
  EXPECT_EQ(types(say("")).back(), 'Z');
}

TEST_F(PgwireTest, ADrainingNodeRefusesLogins) {
  options.draining = [] { return true; };
  EXPECT_NE(say(startup("user\0root\0"s)).find("C57P01"), std::string::npos);
}

TEST_F(PgwireTest, StartupOptionsSetVariables) {
  (void)say(
      startup("user\0root\0options\0-c statement_timeout=3000 -c allow_unsafe_internals=true"
              " --application-name=x\0nosuch\0y\0"s));
  EXPECT_NE(say(query("SHOW statement_timeout")).find("3000"), std::string::npos);
  EXPECT_NE(say(query("RESET statement_timeout; SHOW statement_timeout")).find("3000"),
            std::string::npos);
}

TEST_F(PgwireTest, SimpleQueriesAnswerStatementByStatement) {
  log_in();
  EXPECT_EQ(types(say(query("SELECT 1; SELECT 2, 3"))), "TDCTDCZ");
  EXPECT_EQ(types(say(query("SELECT 1; SELECT 1/0; SELECT 2"))), "TDCEZ");
  EXPECT_EQ(types(say(query(""))), "IZ");
  EXPECT_EQ(types(say(query("SET application_name = 'x'"))), "SCZ");
  EXPECT_NE(say(query("SHOW DATABASES")).find("CSHOW DATABASES 2"s.substr(1)), std::string::npos);
  EXPECT_NE(say(query("SELECT 1")).find("SELECT 1\0"s), std::string::npos);
  EXPECT_NE(say(query("SELECT $1::INT")).find("C42P02"), std::string::npos);
}

TEST_F(PgwireTest, ReadyTellsTheTransactionsState) {
  log_in();
  EXPECT_EQ(say(query("BEGIN")).back(), 'T');
  EXPECT_EQ(say(query("SELECT 1/0")).back(), 'E');
  EXPECT_EQ(say(query("SELECT 1")).back(), 'E');
  EXPECT_EQ(say(query("COMMIT")), message('C', "ROLLBACK\0"s) + message('Z', "I"));
}

TEST_F(PgwireTest, RowDescriptionIsAsRecorded) {
  log_in();
  const std::string answer =
      say(query("SELECT node_id, started_at FROM crdb_internal.gossip_nodes"));
  const std::string expected =
      message('T', number(2, 2) + "node_id\0"s + number(4294967273, 4) + number(1, 2) +
                       number(20, 4) + number(8, 2) + number(0xFFFFFFFF, 4) + number(0, 2) +
                       "started_at\0"s + number(4294967273, 4) + number(7, 2) + number(1114, 4) +
                       number(24, 2) + number(0xFFFFFFFF, 4) + number(0, 2));
  EXPECT_EQ(answer.substr(0, expected.size()), expected);
}

TEST_F(PgwireTest, ExtendedProtocolDescribesBindsAndSuspends) {
  log_in();
  const std::string text = "SELECT node_id FROM crdb_internal.gossip_nodes WHERE node_id > $1";
  const std::string first = say(parse("s1", text) + message('D', "Ss1\0"s) + kSync);
  EXPECT_EQ(types(first), "1tTZ");
  EXPECT_NE(first.find(message('t', number(1, 2) + number(20, 4))), std::string::npos);
  const std::string answer = say(bind("s1", {"0"}, 1) + message('D', "P\0"s) + execute(1) +
                                 execute(0) + message('C', "P\0"s) + kSync);
  EXPECT_EQ(types(answer), "2TDsDC3Z");
  EXPECT_NE(answer.find(message('D', number(1, 2) + number(8, 4) + number(1, 8))),
            std::string::npos);
  EXPECT_NE(answer.find("SELECT 1\0"s), std::string::npos) << "the tag counts the rest only";
}

TEST_F(PgwireTest, ExtendedErrorsSkipToSync) {
  log_in();
  const std::string bad = say(parse("s1", "selec") + message('D', "Ss1\0"s) + kSync);
  EXPECT_EQ(types(bad), "EZ");
  const std::string unknown = say(bind("s1", {}, 0) + execute(0) + kSync);
  EXPECT_EQ(types(unknown), "EZ");
  EXPECT_NE(unknown.find("C26000\0Fconn_executor_prepare.go\0L322\0RexecBind\0Munknown prepared "
                         "statement \"s1\"\0"s),
            std::string::npos);
  (void)say(parse("s2", "SELECT k FROM kv WHERE k = $1") + kSync);
  EXPECT_NE(say(bind("s2", {}, 0) + kSync).find("expected 1 arguments, got 0"), std::string::npos);
  EXPECT_NE(say(bind("s2", {"x"}, 0) + kSync).find("C22P02"), std::string::npos);
  EXPECT_NE(say(execute(0) + kSync).find("C34000"), std::string::npos);
  EXPECT_EQ(types(say(parse("s2", "SELECT 1") + kSync)), "EZ") << "the name is taken";
  EXPECT_EQ(types(say(parse("", "SELECT 1; SELECT 2") + kSync)), "EZ");
}

TEST_F(PgwireTest, ARowlessPortalCanBeExecutedTwice) {
  log_in();
  EXPECT_EQ(types(say(parse("s", "set statement_timeout='2s'") + message('D', "Ss\0"s) +
                      bind("s", {}, 0) + execute(1) + execute(0) + kSync)),
            "1tn2CCZ");
  EXPECT_EQ(types(say(parse("", "") + bind("", {}, 0) + execute(0) + kSync)), "12IZ");
}

TEST_F(PgwireTest, LengthsOutOfBoundsEndTheConversation) {
  log_in();
  EXPECT_NE(say("Q" + number(3, 4)).find("C08P01"), std::string::npos);
  EXPECT_TRUE(connection().is_closed());
}

TEST_F(PgwireTest, MessagesMayComeByteByByte) {
  std::string answer;
  for (const char c : startup("user\0root\0"s) + query("SELECT 'x'"))
    answer += say(std::string(1, c));
  EXPECT_EQ(types(answer), "RSSSSSSSSSSSSKZTDCZ");
}

TEST_F(PgwireTest, ACancelRequestCarriesItsKeyAndGetsNoAnswer) {
  CancelKey seen;
  options.cancel = [&](CancelKey key) { seen = key; };
  EXPECT_EQ(say(number(16, 4) + number(80877102, 4) + number(7, 4) + number(8, 4)), "");
  EXPECT_EQ(seen.pid, 7U);
  EXPECT_EQ(seen.secret, 8U);
  EXPECT_TRUE(connection().is_closed());
}

TEST_F(PgwireTest, AShutdownTellsTheSession) {
  log_in();
  connection().shut_down();
  EXPECT_EQ(connection().take_output(),
            "E\0\0\0RSERROR\0C57P01\0Fserver.go\0L1252\0RnewAdminShutdownErr\0Mserver is shutting "
            "down\0\0"s);
}

// Mutates real conversations and mixes in noise; whatever happens, the node lives on.
TEST(PgwireFuzz, RandomBytesNeverCrashASession) {
  sql::FakeCatalog catalog;
  constexpr unsigned kSeed = 20261123;
  std::mt19937 random(kSeed);
  const std::vector<std::string> pieces{
      query("SELECT node_id, attrs->'a' FROM crdb_internal.gossip_nodes WHERE node_id IN (1,$1)"),
      query("SELECT (ARRAY[1,2])[1], '{a,b}'::TEXT[], now() - '1h'::INTERVAL, 1.5::FLOAT8"),
      query(
          "WITH a AS (SELECT 1) SELECT count(*) FILTER (WHERE true) FROM a GROUP BY 1 HAVING 2>1"),
      parse("s", "SELECT k FROM kv WHERE k = $1"),
      bind("s", {"1"}, 1),
      message('D', "Ss\0"s),
      execute(1),
      kSync,
      query("UPSERT INTO kv VALUES (1, 'x'); DELETE FROM kv WHERE k = 5"),
      message('X', "")};
  for (int round = 0; round < 4000; ++round) {
    ConnectionFlags flags;
    Connection connection(catalog, flags, {{1, 1}, {}, {}, {}});
    std::string bytes = startup("user\0root\0database\0app\0"s);
    const std::size_t count = random() % 6;
    for (std::size_t at = 0; at < count; ++at) bytes += pieces[random() % pieces.size()];
    const std::size_t changes = random() % 4;
    // Mostly behind the login, so that not every round ends there.
    const std::size_t spared = random() % 10 == 0 ? 0 : 33;
    for (std::size_t at = 0; at < changes && bytes.size() > spared; ++at) {
      bytes[spared + random() % (bytes.size() - spared)] = static_cast<char>(random());
    }
    if (random() % 5 == 0) bytes.resize(random() % (bytes.size() + 1));
    connection.feed(bytes);
    while (connection.step()) {
    }
    ASSERT_LT(connection.take_output().size(), std::size_t{10'000'000})
        << "seed " << kSeed << " round " << round;
  }
}

// clang-format off
const std::vector<std::string>& fuzz_words() {
  static const std::vector<std::string> words{
      "SELECT", "FROM", "kv", "k", "v", "WHERE", "(", ")", ",", "*", "1", "'x'", "=", "AND",
      "NOT", "IN", "NULL", "GROUP BY", "ORDER BY", "count(", "unnest(", "ARRAY[", "]", "::INT",
      "::TEXT", "JOIN", "ON", "UNION", "ALL", "LIMIT", "CASE", "WHEN", "THEN", "END", "-", "+",
      "||", "->", "EXISTS(", "VALUES", "INSERT INTO", "SHOW", "[", "BETWEEN", "AS", "t", "t.",
      "now()", "INTERVAL '1h'", "'{1,2}'", "sum(", "DISTINCT", "HAVING", "WITH",
      "crdb_internal.gossip_nodes", "LEFT", "USING", "any(", "IS", "LIKE", "1.5", "$1", ";",
      "min(", "coalesce(", "to_timestamp(", "AS a", "a", "GROUP BY a", "GROUP BY 1", "ORDER BY 1"};
  return words;
}
// clang-format on

// The same at the level of texts: a parser that always ends, in rows or in an error.
TEST(SqlFuzz, RandomTokensNeverCrashTheEvaluator) {
  sql::FakeCatalog catalog;
  constexpr unsigned kSeed = 4711;
  std::mt19937 random(kSeed);
  const auto& words = fuzz_words();
  for (int round = 0; round < 6000; ++round) {
    std::string text = random() % 3 == 0 ? "" : "SELECT ";
    const std::size_t count = 1 + random() % 14;
    for (std::size_t at = 0; at < count; ++at) text += words[random() % words.size()] + " ";
    sql::Session session(catalog, {"root", "app", 1, nullptr});
    auto parsed = session.parse(text);
    auto* all = std::get_if<std::vector<sql::Prepared>>(&parsed);
    if (all == nullptr) continue;
    for (sql::Prepared& prepared : *all) {
      const auto result = session.execute(prepared);
      const auto* error = std::get_if<sql::SqlError>(&result);
      ASSERT_TRUE(error == nullptr || error->sqlstate != "XX000")
          << error->message << " by " << text;
    }
  }
}

}  // namespace
}  // namespace faultline::sim::pgwire
