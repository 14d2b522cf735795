
#include "tests/unit/simulator/sql_fixture.hpp"

namespace faultline::sim::sql {
namespace {

TEST_F(SqlTest, SelectsFiltersOrdersAndLimits) {
  EXPECT_EQ(ask("SELECT node_id, is_live FROM crdb_internal.gossip_nodes ORDER BY 1 DESC"),
            "2|f;1|t");
  EXPECT_EQ(ask("SELECT k FROM kv WHERE v IS NULL"), "2");
  EXPECT_EQ(ask("SELECT k AS key FROM app.public.kv ORDER BY key OFFSET 1 LIMIT 5"), "2");
  EXPECT_EQ(ask("SELECT v FROM kv ORDER BY v, k"), "NULL;one");
  EXPECT_EQ(ask("SELECT v FROM kv ORDER BY v NULLS LAST"), "one;NULL");
  EXPECT_EQ(ask("SELECT * FROM kv AS t WHERE t.k = 1"), "1|one");
  EXPECT_EQ(ask("SELECT t.*, 9 FROM kv t ORDER BY k LIMIT 1"), "1|one|9");
  EXPECT_EQ(ask("TABLE kv"), "1|one;2|NULL");
  EXPECT_EQ(ask("SELECT DISTINCT is_live OR true FROM crdb_internal.gossip_nodes"), "t");
  EXPECT_EQ(ask("SELECT 1 WHERE false"), "");
  EXPECT_EQ(ask("SELECT k FROM kv AS OF SYSTEM TIME '-1s' WHERE k = 2"), "2");
}

TEST_F(SqlTest, GroupsAndAggregates) {
  EXPECT_EQ(ask("SELECT count(*), count(v), min(k), max(k), sum(k), avg(k) FROM kv"),
            "2|1|1|2|3|1.5");
  EXPECT_EQ(ask("SELECT count(*), sum(k) FROM kv WHERE false"), "0|NULL");
  EXPECT_EQ(ask("SELECT k > 1 AS big, count(*) FROM kv GROUP BY big ORDER BY 1"), "f|1;t|1");
  EXPECT_EQ(ask("SELECT n.node_id, sum(ranges) FROM crdb_internal.gossip_nodes n "
                "GROUP BY node_id HAVING sum(leases) > 20"),
            "1|65");
  EXPECT_EQ(ask("SELECT array_agg(k ORDER BY k DESC), string_agg(k::TEXT, '-'), "
                "count(*) FILTER (WHERE k = 1), bool_and(k > 0), count(DISTINCT v) FROM kv"),
            "{2,1}|1-2|1|t|1");
  EXPECT_EQ(ask("SELECT k, count(*) FROM kv").substr(0, 11), "ERROR 42803");
  EXPECT_EQ(ask("SELECT k FROM kv WHERE count(*) > 1").substr(0, 11), "ERROR 42803");
}

TEST_F(SqlTest, JoinsOfEveryKind) {
  EXPECT_EQ(ask("SELECT l.node_id, n.ranges FROM crdb_internal.gossip_liveness l LEFT JOIN "
                "crdb_internal.gossip_nodes n ON l.node_id = n.node_id ORDER BY 1"),
            "1|65;2|65;3|NULL");
  EXPECT_EQ(ask("SELECT node_id, epoch FROM crdb_internal.gossip_liveness JOIN "
                "crdb_internal.gossip_nodes USING (node_id) ORDER BY node_id"),
            "1|4;2|1");
  EXPECT_EQ(ask("SELECT count(*) FROM kv a, kv b, kv c"), "8");
  EXPECT_EQ(
      ask("SELECT node_id FROM crdb_internal.gossip_liveness l, crdb_internal.gossip_nodes n"),
      "ERROR 42702: column reference \"node_id\" is ambiguous");
  EXPECT_EQ(ask("SELECT r.range_id, s FROM crdb_internal.ranges_no_leases r, "
                "unnest(r.replicas) AS s WHERE s > 2 ORDER BY 1"),
            "1|3;2|4");
}

TEST_F(SqlTest, SubqueriesSeeTheRowsAroundThem) {
  EXPECT_EQ(ask("SELECT k FROM kv a WHERE EXISTS (SELECT 1 FROM kv b WHERE b.k = a.k + 1)"), "1");
  EXPECT_EQ(ask("SELECT (SELECT v FROM kv WHERE k = 1), k IN (SELECT 2) FROM kv ORDER BY k"),
            "one|f;one|t");
  EXPECT_EQ(ask("SELECT (SELECT k FROM kv)"),
            "ERROR 21000: more than one row returned by a subquery used as an expression");
  EXPECT_EQ(ask("SELECT s, count(*) FROM (SELECT unnest(replicas) AS s FROM "
                "crdb_internal.ranges_no_leases) GROUP BY s ORDER BY s"),
            "1|2;2|2;3|1;4|1");
}

TEST_F(SqlTest, UnionsValuesAndNames) {
  EXPECT_EQ(ask("SELECT 1 UNION ALL SELECT 1 UNION SELECT 2 ORDER BY 1 DESC"), "2;1");
  EXPECT_EQ(ask("VALUES (1, 'a'), (2, NULL)"), "1|a;2|NULL");
  EXPECT_EQ(ask("SELECT * FROM (VALUES (1, 'a')) AS t (n, s) WHERE n = 1"), "1|a");
  EXPECT_EQ(ask("WITH big AS (SELECT k FROM kv WHERE k > 1), more (x) AS (SELECT k + 1 FROM big) "
                "SELECT x FROM more"),
            "3");
  EXPECT_EQ(ask("SELECT generate_series(1, 3)"), "1;2;3");
  EXPECT_EQ(ask("SELECT sum(g) FROM generate_series(1, 10, 3) g"), "22");
  EXPECT_EQ(ask("WITH a AS (SELECT * FROM a) SELECT * FROM a"),
            "ERROR 42P01: relation \"a\" does not exist");
}

// The statements of facts/cockroachdb.md §4, over the tables the fake has.
TEST_F(SqlTest, NodeListWithLiveness) {
  const std::string answer = ask(R"(
SELECT l.node_id, l.epoch, split_part(l.expiration, ',', 1)::DECIMAL AS expires_s, now()::DECIMAL AS now_s,
       (split_part(l.expiration, ',', 1)::DECIMAL > now()::DECIMAL) AS is_available,
       l.draining, l.membership, l.updated_at,
       ifnull(n.is_live, false) AS is_live, n.address, n.sql_address, n.locality, n.build_tag, n.started_at,
       n.ranges, n.leases
FROM crdb_internal.gossip_liveness AS l LEFT JOIN crdb_internal.gossip_nodes AS n ON l.node_id = n.node_id
ORDER BY l.node_id;)");
  EXPECT_NE(answer.find("1|4|9795426024.688468321|"), std::string::npos) << answer;
  EXPECT_NE(answer.find("|t|f|active|2026-11-23 09:26:42.173583|t|127.0.0.1:26257|"),
            std::string::npos);
  EXPECT_NE(answer.find("|f|t|active|NULL|f|NULL|NULL|NULL|NULL|NULL|NULL|NULL"),
            std::string::npos);
}

TEST_F(SqlTest, TheOtherMonitoringQueries) {
  EXPECT_EQ(ask("SELECT store_id, name, value FROM crdb_internal.node_metrics WHERE name IN "
                "('ranges','liveness.livenodes') ORDER BY name"),
            "NULL|liveness.livenodes|3;1|ranges|65");
  EXPECT_EQ(ask("SELECT range_id, start_pretty, array_to_string(voting_replicas, ',') AS voters, "
                "array_to_string(learner_replicas, ',') FROM crdb_internal.ranges_no_leases"),
            "1|/Min|1,3,2|;2|/System/NodeLiveness|1,2,4|");
  EXPECT_EQ(ask("SHOW CLUSTER SETTING server.time_until_store_dead"), "00:05:00");
  EXPECT_EQ(ask("SELECT range_id, lease_holder FROM [SHOW RANGES FROM TABLE app.kv]"), "44|2");
  EXPECT_EQ(ask("SELECT job_type, status, count(*) FROM [SHOW JOBS] GROUP BY 1, 2"), "");
  EXPECT_EQ(ask("SELECT extract(epoch FROM now() - started_at::TIMESTAMPTZ) > 0 FROM "
                "crdb_internal.gossip_nodes LIMIT 1")
                .size(),
            1U);
  EXPECT_EQ(ask("SELECT * FROM crdb_internal.probe_ranges(INTERVAL '1000ms', 'read') WHERE error "
                "!= '' ORDER BY end_to_end_latency_ms DESC LIMIT 100"),
            "ERROR 42883: unknown function: crdb_internal.probe_ranges()");
  EXPECT_EQ(ask("SELECT range_id, start_key FROM [SHOW CLUSTER RANGES]"),
            "ERROR 42601: at or near \"ranges\": syntax error");
}

TEST_F(SqlTest, ErrorsAsRecorded) {
  const SqlError syntax = error_of("selec 1");
  EXPECT_EQ(syntax.sqlstate, "42601");
  EXPECT_EQ(syntax.message, "at or near \"selec\": syntax error");
  EXPECT_EQ(syntax.detail, "source SQL:\nselec 1\n^");
  EXPECT_EQ(ask("select nocol from app.kv"), "ERROR 42703: column \"nocol\" does not exist");
  EXPECT_EQ(ask("select * from nosuch"), "ERROR 42P01: relation \"nosuch\" does not exist");
  EXPECT_EQ(ask("select * from crdb_internal.nosuch"),
            "ERROR 42P01: relation \"crdb_internal.nosuch\" does not exist");
  EXPECT_EQ(ask("select count(*) from app.nosuch"),
            "ERROR 42P01: relation \"app.nosuch\" does not exist");
  EXPECT_EQ(ask("select * from crdb_internal.gossip_nodes where node_id='a'"),
            "ERROR 22P02: could not parse \"a\" as type int: strconv.ParseInt: parsing \"a\": "
            "invalid syntax");
  EXPECT_EQ(ask("select 1 +"), "ERROR 42601: at or near \"EOF\": syntax error");
  EXPECT_EQ(ask("select 'unterminated").substr(0, 11), "ERROR 42601");
  EXPECT_EQ(ask("select k + 'x' from kv").substr(0, 11), "ERROR 22P02");
  EXPECT_EQ(ask("select k = true from kv").substr(0, 11), "ERROR 22023");
}

TEST_F(SqlTest, PointReadsTellTheTableTheirKeys) {
  FakeTable& kv = catalog.table("app", "public", "kv");
  (void)ask("SELECT v FROM kv WHERE k = 2 AND v IS NULL");
  (void)ask("SELECT v FROM kv WHERE k IN (1, 2)");
  (void)ask("SELECT v FROM kv WHERE k = 1 OR v = 'x'");
  (void)ask("DELETE FROM kv WHERE k = 99");
  EXPECT_EQ(kv.filters, (std::vector<std::vector<std::int64_t>>{{2}, {1, 2}, {}, {99}}));
}

TEST_F(SqlTest, TablesLearnWhichDatabaseTheStatementMeans) {
  FakeTable& nodes = catalog.table("", "crdb_internal", "gossip_nodes");
  (void)ask("SELECT 1 FROM crdb_internal.gossip_nodes");
  (void)ask("SELECT 1 FROM system.crdb_internal.gossip_nodes");
  (void)ask("SELECT 1 FROM \"\".crdb_internal.gossip_nodes");
  ASSERT_EQ(nodes.contexts.size(), 3U);
  EXPECT_EQ(nodes.contexts[0].database, "app");
  EXPECT_FALSE(nodes.contexts[0].database_qualified);
  EXPECT_EQ(nodes.contexts[1].database, "system");
  EXPECT_TRUE(nodes.contexts[1].database_qualified);
  EXPECT_EQ(nodes.contexts[2].database, "");
  EXPECT_TRUE(nodes.contexts[2].database_qualified);
}

TEST_F(SqlTest, AnUnknownDatabaseShowsOnlyWhenItIsNeeded) {
  Session lost(catalog, SessionOptions{"root", "nosuchdb", 1, nullptr});
  const auto run = [&](const std::string& text) {
    auto parsed = lost.parse(text);
    auto result = lost.execute(std::get<std::vector<Prepared>>(parsed).front());
    const auto* error = std::get_if<SqlError>(&result);
    return error == nullptr ? std::string("fine") : error->sqlstate;
  };
  EXPECT_EQ(run("SELECT 1"), "fine");
  EXPECT_EQ(run("SELECT 1 FROM crdb_internal.gossip_nodes"), "3D000");
  EXPECT_EQ(run("SELECT 1 FROM \"\".crdb_internal.gossip_nodes"), "fine");
}

TEST_F(SqlTest, TwoThousandRowsComeFromOneStatement) {
  (void)ask("SELECT store_id, name, value FROM crdb_internal.node_metrics WHERE value >= 0");
  EXPECT_EQ(outcome.rows.size(), 2002U);
}

TEST_F(SqlTest, InformationSchemaListsTheColumns) {
  EXPECT_EQ(
      ask("SELECT column_name, data_type, is_nullable, ordinal_position FROM "
          "information_schema.columns WHERE table_schema = 'crdb_internal' AND table_name = "
          "'ranges_no_leases' AND ordinal_position IN (1, 2, 4, 9) ORDER BY ordinal_position"),
      "range_id|bigint|NO|1;start_key|bytea|NO|2;replicas|ARRAY|NO|4;"
      "split_enforced_until|timestamp without time zone|YES|9");
  EXPECT_EQ(ask("SELECT typname FROM pg_type WHERE oid = 1016"), "_int8");
}

}  // namespace
}  // namespace faultline::sim::sql
