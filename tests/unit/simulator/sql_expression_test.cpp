#include "tests/unit/simulator/sql_fixture.hpp"

namespace faultline::sim::sql {
namespace {

TEST_F(SqlTest, ArithmeticFollowsTheServersTypes) {
  EXPECT_EQ(ask("SELECT 1 + 2 * 3, 7 // 2, 7 % 4, 2 ^ 10, -5"), "7|3|3|1024|-5");
  EXPECT_EQ(ask("SELECT 1 / 4, 1.50 + 1, 2.5::FLOAT8 * 2"), "0.25|2.50|5");
  EXPECT_EQ(ask("SELECT 9223372036854775807 + 1"), "ERROR 22003: integer out of range");
  EXPECT_EQ(ask("SELECT -9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(ask("SELECT 1/0"), "ERROR 22012: division by zero");
  EXPECT_EQ(ask("SELECT (-9223372036854775807 - 1) // -1"), "ERROR 22003: integer out of range");
}

TEST_F(SqlTest, NullMakesLogicThreeValued) {
  EXPECT_EQ(ask("SELECT NULL AND false, NULL AND true, NULL OR true, NOT NULL"), "f|NULL|t|NULL");
  EXPECT_EQ(ask("SELECT 1 IN (2, NULL), 1 IN (1, NULL), 1 NOT IN (2, NULL)"), "NULL|t|NULL");
  EXPECT_EQ(ask("SELECT NULL = NULL, NULL IS NULL, 1 IS NOT NULL"), "NULL|t|t");
  EXPECT_EQ(ask("SELECT NULL IS DISTINCT FROM 1, 1 IS NOT DISTINCT FROM 1"), "t|t");
  EXPECT_EQ(ask("SELECT 5 BETWEEN NULL AND 3, 5 NOT BETWEEN 1 AND 3"), "f|t");
  EXPECT_EQ(ask("SELECT (NULL::BOOL) IS TRUE, true IS NOT FALSE"), "f|t");
  EXPECT_EQ(ask("SELECT 3 = ANY(ARRAY[1, 2, 3]), 4 <> ALL('{1,2}'::INT[])"), "t|t");
}

TEST_F(SqlTest, TextMatching) {
  EXPECT_EQ(ask("SELECT 'ranges.x' LIKE 'ranges%', 'abc' LIKE 'a_c', 'ABC' ILIKE 'a%'"), "t|t|t");
  EXPECT_EQ(ask("SELECT 'a%c' LIKE 'a\\%c', 'abc' LIKE 'a\\%c', 'abc' NOT LIKE 'b%'"), "t|f|t");
  EXPECT_EQ(ask("SELECT 'abc' ~ '^a.c$', 'ABC' ~* 'b', 'abc' !~ 'z'"), "t|t|t");
  EXPECT_EQ(ask("SELECT 'a' ~ '('").substr(0, 11), "ERROR 2201B");
  EXPECT_EQ(ask("SELECT 'a' || 'b' || 1"), "ab1");
}

TEST_F(SqlTest, CastsReadAndRefuse) {
  EXPECT_EQ(ask("SELECT '12'::INT, 'yes'::BOOL, '1.50'::DECIMAL, 2.6::INT, true::INT"),
            "12|t|1.50|3|1");
  EXPECT_EQ(ask("SELECT CAST('1e3' AS FLOAT8), 'NaN'::FLOAT, 1e300::FLOAT, 22::FLOAT"),
            "1000|NaN|1e+300|22");
  EXPECT_EQ(ask("SELECT 'x'::int"),
            "ERROR 22P02: could not parse \"x\" as type int: strconv.ParseInt: parsing \"x\": "
            "invalid syntax");
  EXPECT_EQ(ask("SELECT '{\"b\":1,\"a\":[1,2]}'::JSONB"), "{\"a\": [1, 2], \"b\": 1}");
  EXPECT_EQ(ask("SELECT '{1,2}'::INT[], '{a,\"b c\",NULL}'::TEXT[]"), "{1,2}|{a,\"b c\",NULL}");
  EXPECT_EQ(ask("SELECT 'x'::nosuch"), "ERROR 42704: type \"nosuch\" does not exist");
  EXPECT_EQ(ask("SELECT b'\\x00ff', x'6869'::STRING").substr(0, 2), "\\x");
}

TEST_F(SqlTest, TimesAndSpans) {
  EXPECT_EQ(ask("SELECT '2026-11-23 09:26:55.69147'::TIMESTAMP"), "2026-11-23 09:26:55.69147");
  EXPECT_EQ(ask("SELECT '2026-11-23T09:00:00+02'::TIMESTAMPTZ"), "2026-11-23 07:00:00+00");
  EXPECT_EQ(ask("SELECT TIMESTAMP '2026-01-31 00:00:00' + INTERVAL '1 mon 2h'"),
            "2026-02-28 02:00:00");
  EXPECT_EQ(ask("SELECT extract(epoch FROM '90s'::INTERVAL), INTERVAL '1h2m'"), "90|01:02:00");
  EXPECT_EQ(ask("SELECT now() - '10s' < now(), now() - now() = '0s'::INTERVAL"), "t|t");
  EXPECT_EQ(ask("SELECT ('2026-11-23 10:00:00'::TIMESTAMP - '2026-11-22 09:00:00'::TIMESTAMP)"),
            "1 day 01:00:00");
  EXPECT_EQ(ask("SELECT '1970-01-02'::TIMESTAMP::DECIMAL, '1970-01-01 00:00:01.5'::TIMESTAMP::INT"),
            "86400.000000|1");
  EXPECT_EQ(ask("SELECT date_trunc('hour', '2026-11-23 09:26:55'::TIMESTAMP)"),
            "2026-11-23 09:00:00");
  EXPECT_EQ(ask("SELECT 'tomorrow-ish'::TIMESTAMP").substr(0, 11), "ERROR 22007");
}

TEST_F(SqlTest, DecimalsKeepNanoseconds) {
  EXPECT_EQ(ask("SELECT 1795426024.688468321 > 1795426024.688468320"), "t");
  EXPECT_EQ(ask("SELECT '1795426024.688468321'::DECIMAL - 1795426024"), "0.688468321");
}

TEST_F(SqlTest, JsonIsReachedInto) {
  EXPECT_EQ(ask("SELECT '{\"a\":{\"b\":[1,2,\"x\"]}}'::JSONB->'a'->'b'->>2"), "x");
  EXPECT_EQ(ask("SELECT '{\"a\":1}'::JSONB->>'b', '{\"a\":null}'::JSONB->>'a'"), "NULL|NULL");
  EXPECT_EQ(ask("SELECT '[1,2,3]'::JSONB->-1, '{\"a\":1,\"b\":2}'::JSONB @> '{\"a\":1}'"), "3|t");
  EXPECT_EQ(ask("SELECT '{bad'::JSONB").substr(0, 11), "ERROR 22P02");
  EXPECT_EQ(ask("SELECT (metrics->>'ranges')::FLOAT8, (metrics->>'nosuch')::FLOAT8, "
                "metrics->>'ranges.unavailable' FROM crdb_internal.kv_store_status"),
            "41|NULL|1.3E+1");
}

TEST_F(SqlTest, ArraysAreIndexedFromOne) {
  EXPECT_EQ(ask("SELECT (ARRAY[5, 6])[1], (ARRAY['a'])[2], array_length(ARRAY[1, 2], 1)"),
            "5|NULL|2");
  EXPECT_EQ(ask("SELECT ARRAY[1, 2] @> ARRAY[2], array_position(ARRAY['a', 'b'], 'b')"), "t|2");
  EXPECT_EQ(ask("SELECT array_to_string(ARRAY[1, 2], ','), ARRAY[1] || 2, ARRAY[]::INT[]"),
            "1,2|{1,2}|{}");
  EXPECT_EQ(ask("SELECT ARRAY[]").substr(0, 11), "ERROR 42P18");
  EXPECT_EQ(ask("SELECT ARRAY(SELECT k FROM kv ORDER BY k)"), "{1,2}");
}

TEST_F(SqlTest, FunctionsOfMonitoringQueries) {
  EXPECT_EQ(
      ask("SELECT split_part('a,b', ',', 2), substring('abcdef', 2, 3), replace('aa','a','b')"),
      "b|bcd|bb");
  EXPECT_EQ(ask("SELECT coalesce(NULL, 2), ifnull(NULL, 'x'), nullif(1, 1), greatest(1, 3, 2), "
                "least(2, 1)"),
            "2|x|NULL|3|1");
  EXPECT_EQ(ask("SELECT CASE WHEN false THEN 1 END, CASE 2 WHEN 2 THEN 'two' ELSE 'other' END"),
            "NULL|two");
  EXPECT_EQ(ask("SELECT abs(-3), round(2.567, 1), floor(2.7), ceil(2.1::FLOAT), length('häh')"),
            "3|2.6|2|3|3");
  EXPECT_EQ(ask("SELECT current_user, current_database(), pg_backend_pid(), "
                "crdb_internal.node_id(), pg_is_in_recovery()"),
            "root|app|77|3|f");
  EXPECT_EQ(ask("SELECT version()"), "CockroachDB CCL v22.1.0-test (simulated)");
  EXPECT_EQ(ask("SELECT pg_typeof(1), pg_typeof(now()), current_setting('statement_timeout')"),
            "bigint|timestamp with time zone|0");
  EXPECT_EQ(ask("SELECT nosuch(1)"), "ERROR 42883: unknown function: nosuch()");
  EXPECT_EQ(ask("SELECT lower(1)"), "ERROR 42883: unknown signature: lower(int8)");
}

TEST_F(SqlTest, ColumnsAreNamedAsTheServerNamesThem) {
  EXPECT_EQ(columns("SELECT 1, 'x', 1 + 1, now(), k, k::TEXT, count(*) FROM kv GROUP BY k"),
            "?column?,?column?,?column?,now,k,k,count");
  EXPECT_EQ(columns("SELECT 1::INT, coalesce(1), EXISTS(SELECT 1), ARRAY[1], (SELECT 1 AS one)"),
            "int8,coalesce,exists,array,one");
  EXPECT_EQ(columns("VALUES (1, 'a')"), "column1,column2");
  EXPECT_EQ(columns("SELECT 1 AS \"Mixed\", 2 AS Folded"), "Mixed,folded");
}

TEST_F(SqlTest, ForcedErrorsCarryTheirState) {
  const SqlError error = error_of("SELECT crdb_internal.force_error('40001', 'x')");
  EXPECT_EQ(error.sqlstate, "40001");
  EXPECT_EQ(error.message, "restart transaction: x");
  EXPECT_FALSE(error.hint.empty());
}

TEST_F(SqlTest, HostileNestingIsRefusedNotCrashedOn) {
  EXPECT_EQ(ask("SELECT " + std::string(100000, '(')).substr(0, 11), "ERROR 54001");
  std::string chain = "SELECT 1";
  for (int i = 0; i < 100000; ++i) chain += "+1";
  EXPECT_EQ(ask(chain).substr(0, 11), "ERROR 54001");
  EXPECT_EQ(ask("SELECT '" + std::string(100000, '[') + "'::JSONB").substr(0, 11), "ERROR 22P02");
}

}  // namespace
}  // namespace faultline::sim::sql
