#include "exporter/sources/access.hpp"

#include <sstream>

#include <gmock/gmock.h>

#include "common/base/secret.hpp"
#include "exporter/sources/dialect.hpp"
#include "exporter/sources/pqxx_session.hpp"

namespace faultline::sql {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ServerVersion, IsReadFromWhatTheServersSend) {
  EXPECT_EQ(
      parse_server_version("CockroachDB CCL v22.1.0-alpha.20220214 (linux amd64, built , go1)"),
      (ServerVersion{22, 1, 0}));
  EXPECT_EQ(parse_server_version("CockroachDB CCL v23.1.14 (x86_64-pc-linux-gnu)"),
            (ServerVersion{23, 1, 14}));
  EXPECT_EQ(parse_server_version("CockroachDB OSS v26.1.0-beta.1"), (ServerVersion{26, 1, 0}));
  for (const char* no : {"", "PostgreSQL 15.3", "CockroachDB CCL", "CockroachDB CCL v23",
                         "CockroachDB CCL v23.1", "CockroachDB CCL v23.x.1", "13.0.0"}) {
    EXPECT_EQ(parse_server_version(no), std::nullopt) << no;
  }
  EXPECT_LT((ServerVersion{23, 1, 9}), (ServerVersion{23, 1, 12}));
}

struct GrantCase {
  const char* statement;
  std::optional<ServerVersion> version;
  const char* grant;
};

class Grants : public testing::TestWithParam<GrantCase> {};

TEST_P(Grants, AreTheOnesThatThisVersionKnows) {
  const auto& [statement, version, grant] = GetParam();
  EXPECT_EQ(grant_for(statement, "", "faultline", version), std::string{grant} + " TO faultline");
}

constexpr auto kGossip = "SELECT a FROM crdb_internal.gossip_liveness AS l";
constexpr auto kRanges = "SELECT a FROM crdb_internal.ranges_no_leases";
constexpr auto kSettings = "SELECT value FROM crdb_internal.cluster_settings WHERE a";
constexpr auto kTable =
    R"(SELECT range_id FROM [SHOW RANGES FROM TABLE "a"."public"."t]" WITH DETAILS] LIMIT 9)";
constexpr auto kLog = "SELECT a FROM system.rangelog WHERE timestamp > 'x'";

INSTANTIATE_TEST_SUITE_P(
    Table, Grants,
    testing::Values(
        GrantCase{kGossip, ServerVersion{22, 1, 0}, "GRANT admin"},
        GrantCase{kGossip, ServerVersion{22, 2, 0}, "GRANT admin"},
        GrantCase{kGossip, ServerVersion{23, 1, 11}, "GRANT admin"},
        GrantCase{kGossip, ServerVersion{23, 1, 12}, "GRANT SYSTEM VIEWCLUSTERMETADATA"},
        GrantCase{kGossip, ServerVersion{25, 2, 0}, "GRANT SYSTEM VIEWCLUSTERMETADATA"},
        GrantCase{kGossip, std::nullopt, "GRANT admin"},
        GrantCase{kRanges, ServerVersion{22, 2, 0}, "GRANT admin"},
        GrantCase{kRanges, ServerVersion{23, 1, 0}, "GRANT SYSTEM VIEWACTIVITYREDACTED"},
        GrantCase{kSettings, ServerVersion{22, 1, 0}, "GRANT admin"},
        GrantCase{kSettings, ServerVersion{22, 2, 0}, "GRANT SYSTEM VIEWCLUSTERSETTING"},
        GrantCase{kTable, ServerVersion{22, 1, 0}, R"(GRANT SELECT ON TABLE "a"."public"."t]")"},
        GrantCase{kTable, ServerVersion{22, 2, 0},
                  R"(GRANT SELECT, ZONECONFIG ON TABLE "a"."public"."t]")"},
        GrantCase{kTable, ServerVersion{24, 3, 0},
                  R"(GRANT ZONECONFIG ON TABLE "a"."public"."t]")"},
        GrantCase{kLog, std::nullopt, "GRANT admin"},
        GrantCase{kLog, ServerVersion{22, 1, 0}, "GRANT admin"},
        GrantCase{kLog, ServerVersion{23, 1, 10}, "GRANT admin"},
        GrantCase{kLog, ServerVersion{23, 1, 11}, "GRANT SYSTEM VIEWSYSTEMTABLE"},
        GrantCase{kLog, ServerVersion{24, 3, 0}, "GRANT SYSTEM VIEWSYSTEMTABLE"}));

Refusal refused(std::string sqlstate, std::string message) {
  return {std::move(sqlstate), std::move(message),      kGossip,
          "faultline",         ServerVersion{24, 3, 0}, milliseconds{1500}};
}

TEST(Refusals, AMissingPrivilegeIsOneSentenceWithTheGrant) {
  const auto error =
      explain_refusal(refused("42501", "only users with the admin role are allowed to read x"));
  EXPECT_EQ(error.code, ErrorCode::forbidden);
  EXPECT_EQ(error.message,
            "the user faultline may not read crdb_internal.gossip_liveness: run GRANT SYSTEM "
            "VIEWCLUSTERMETADATA TO faultline");
}

struct ProbeCase {
  const char* statement;
  const char* message;
  const char* says;
};

class ProbeRefusals : public testing::TestWithParam<ProbeCase> {};

TEST_P(ProbeRefusals, SayWhatThisStatementOfTheProbeLacks) {
  const auto& [statement, message, says] = GetParam();
  const auto error =
      explain_refusal({"42501", message, statement, "usr", ServerVersion{24, 3, 0}, {}});
  EXPECT_EQ(error.code, ErrorCode::forbidden);
  EXPECT_EQ(error.message, std::string{"the user usr may not "} + says);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ProbeRefusals,
    testing::Values(
        ProbeCase{"CREATE DATABASE IF NOT EXISTS faultline_probe",
                  "permission denied to create database",
                  "create the database faultline_probe: run ALTER USER usr CREATEDB"},
        ProbeCase{"CREATE TABLE IF NOT EXISTS faultline_probe.public.ledger (a INT8)",
                  "user usr does not have CREATE privilege on database faultline_probe",
                  "create the table faultline_probe.public.ledger: run GRANT CREATE ON DATABASE "
                  "faultline_probe TO usr"},
        ProbeCase{"CREATE TABLE IF NOT EXISTS faultline_probe.public.ledger (a INT8)",
                  "user usr does not have CREATE privilege on schema public",
                  "create the table faultline_probe.public.ledger: run GRANT CREATE ON SCHEMA "
                  "faultline_probe.public TO usr"},
        ProbeCase{"UPSERT INTO faultline_probe.public.ledger (a) VALUES (1)",
                  "user usr does not have INSERT privilege on relation ledger",
                  "write to faultline_probe.public.ledger: run GRANT SELECT, INSERT, UPDATE, "
                  "DELETE ON TABLE faultline_probe.public.ledger TO usr"},
        ProbeCase{"DELETE FROM faultline_probe.public.ledger WHERE at_ms < 1",
                  "user usr does not have DELETE privilege on relation ledger",
                  "delete from faultline_probe.public.ledger: run GRANT SELECT, INSERT, UPDATE, "
                  "DELETE ON TABLE faultline_probe.public.ledger TO usr"},
        ProbeCase{"SELECT 1 FROM faultline_probe.public.ledger LIMIT 1",
                  "user usr does not have SELECT privilege on relation ledger",
                  "read faultline_probe.public.ledger: run GRANT SELECT, INSERT, UPDATE, DELETE "
                  "ON TABLE faultline_probe.public.ledger TO usr"}));

TEST(Refusals, AClosedCrdbInternalIsNoMissingPrivilege) {
  const auto error =
      explain_refusal(refused("42501", "Access to crdb_internal and system is restricted."));
  EXPECT_EQ(error.code, ErrorCode::forbidden);
  EXPECT_THAT(error.message, HasSubstr("allow_unsafe_internals = on"));
  EXPECT_THAT(error.message, Not(HasSubstr("GRANT")));
}

TEST(Refusals, ATimeOutSaysHowLongAndOthersKeepTheirState) {
  EXPECT_THAT(explain_refusal(refused("57014", "query execution canceled")).message,
              HasSubstr("1500 ms"));
  const auto error = explain_refusal(refused("40003", std::string(5000, 'x')));
  EXPECT_EQ(error.code, ErrorCode::upstream);
  EXPECT_THAT(error.message, HasSubstr("40003: xxx"));
  EXPECT_LT(error.message.size(), 300U);
}

TEST(Refusals, AnOddUserNameIsQuotedInTheGrant) {
  EXPECT_EQ(grant_for(kGossip, "", "o\"dd user", ServerVersion{24, 1, 0}),
            "GRANT SYSTEM VIEWCLUSTERMETADATA TO \"o\"\"dd user\"");
}

struct LoginCase {
  const char* words;
  ErrorCode code;
  const char* says;
};

class Logins : public testing::TestWithParam<LoginCase> {};

TEST_P(Logins, AreToldApart) {
  const auto error = explain_login(GetParam().words, "n1:26257", "usr");
  EXPECT_EQ(error.code, GetParam().code) << error.message;
  EXPECT_THAT(error.message, HasSubstr(GetParam().says));
  EXPECT_THAT(error.message, testing::StartsWith("n1:26257: "));
  EXPECT_THAT(error.message, Not(HasSubstr("\n")));
}

// The words are libpq's, recorded against a real server.
INSTANTIATE_TEST_SUITE_P(
    Recorded, Logins,
    testing::Values(
        LoginCase{"ERROR:  password authentication failed for user usr\n", ErrorCode::unauthorized,
                  "--cockroach.password-file"},
        LoginCase{"connection to server at \"n1\" (10.0.0.1), port 26257 failed: "
                  "fe_sendauth: no password supplied\n",
                  ErrorCode::unauthorized, "login refused: fe_sendauth"},
        LoginCase{"ERROR:  requested user is root, but certificate is for [usr]\n",
                  ErrorCode::unauthorized, "client.usr.crt"},
        LoginCase{"ERROR:  node is running secure mode, SSL connection required\n",
                  ErrorCode::unauthorized, "give --cockroach.certs-dir"},
        LoginCase{"server does not support SSL, but SSL was required\n", ErrorCode::unauthorized,
                  "leave --cockroach.certs-dir out"},
        LoginCase{"SSL error: certificate verify failed\n", ErrorCode::unauthorized,
                  "certificate problem"},
        LoginCase{"SSL error: sslv3 alert bad certificate\n", ErrorCode::unauthorized,
                  "certificate problem"},
        LoginCase{"server certificate for \"n2\" does not match host name \"n1\"\n",
                  ErrorCode::unauthorized, "certificate problem"},
        LoginCase{"private key file \"client.usr.key\" has group or world access\n",
                  ErrorCode::unauthorized, "certificate problem"},
        LoginCase{"ERROR:  internal error while retrieving user account memberships: operation "
                  "\"get-user-timeout\" timed out after 10s\n",
                  ErrorCode::timeout, "only root with a certificate"},
        LoginCase{"connection to server at \"n1\" (10.0.0.1), port 26257 failed: Connection "
                  "refused\n\tIs the server running?\n",
                  ErrorCode::unavailable, "n1:26257: Connection refused"}));

TEST(Dialect, TheDescriptorsHaveASupportedWayFrom231On) {
  EXPECT_EQ(placement_without_internals(std::nullopt), std::nullopt);
  EXPECT_EQ(placement_without_internals(ServerVersion{22, 2, 9}), std::nullopt);
  EXPECT_THAT(*placement_without_internals(ServerVersion{26, 1, 0}),
              HasSubstr("[SHOW CLUSTER RANGES]"));
}

TEST(Secrets, PrintAsNothingButTheirLabel) {
  const Secret secret{"hunter2"};
  std::ostringstream text;
  text << secret;
  EXPECT_EQ(text.str(), "[secret]");
  EXPECT_EQ(fmt::format("token={}", secret), "token=[secret]");
  EXPECT_EQ(secret.redact("no hunter2, hunter2hunter2!"), "no [secret], [secret][secret]!");
  EXPECT_EQ(Secret{}.redact("as it is"), "as it is");
  EXPECT_EQ(testing::PrintToString(secret), "[secret]");
}

TEST(SessionSettings, MustBeNameAndValueWithoutQuotes) {
  EXPECT_EQ(check_session_setting("statement_timeout=5s"), "");
  EXPECT_EQ(check_session_setting("default_transaction_use_follower_reads=on"), "");
  for (const char* wrong : {"", "x", "=1", "x=", "a b=c", "a=b c", "a='b'", "a=b\\", "-c=\n"}) {
    EXPECT_NE(check_session_setting(wrong), "") << wrong;
  }
  SessionOptions options;
  options.settings = {"a=1", "b=2"};
  EXPECT_THAT(connection_string(options, "n1", "1", "10.0.0.1").reveal(),
              HasSubstr(" -c a=1 -c b=2'"));
}

}  // namespace
}  // namespace faultline::sql
