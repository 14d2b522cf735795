// Table by table, column by column, type by type: what the recorded server has.
// columns.csv is its own information_schema, copied out; it is never edited.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "simulator/tables/catalog.hpp"
#include "tests/unit/simulator/no_store.hpp"

namespace faultline::sim::tables {
namespace {

struct Recorded {
  std::string column, type;
  bool nullable = false;
};

std::map<std::string, std::vector<Recorded>> recorded() {
  std::ifstream in(std::string(FAULTLINE_SOURCE_DIR) + "/tests/contract/simulator/columns.csv");
  std::map<std::string, std::vector<Recorded>> tables;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::stringstream fields(line);
    std::string table, column, type, nullable;
    std::getline(fields, table, ',');
    std::getline(fields, column, ',');
    std::getline(fields, type, ',');
    std::getline(fields, nullable, ',');
    tables[table].push_back({column, type, nullable == "YES"});
  }
  return tables;
}

// information_schema says ARRAY for both; the wire says int8[] for the replicas and
// text[] for their localities.
std::string spelled(const sql::Column& column) {
  switch (column.type) {
    case sql::Type::int8: return "bigint";
    case sql::Type::text: return "text";
    case sql::Type::boolean: return "boolean";
    case sql::Type::float8: return "double precision";
    case sql::Type::timestamp: return "timestamp without time zone";
    case sql::Type::bytes: return "bytea";
    case sql::Type::jsonb: return "jsonb";
    case sql::Type::int8_array: return column.name == "replica_localities" ? "wrong" : "ARRAY";
    case sql::Type::text_array: return column.name == "replica_localities" ? "ARRAY" : "wrong";
    default: return "not in the recorded tables";
  }
}

class Columns : public testing::TestWithParam<std::string> {
 protected:
  NoStore store_;
  cluster::Node node_{{}, {{&store_, {}, {}}}, cluster::wall_now()};
  cluster::Engine engine_{node_, [] {}};
  ClusterCatalog catalog_{engine_};
};

TEST_P(Columns, AreTheRecordedOnes) {
  const auto expected = recorded().at(GetParam());
  sql::Table* table = catalog_.find_table("defaultdb", "crdb_internal", GetParam());
  ASSERT_NE(table, nullptr);
  const auto& columns = table->schema().columns;
  ASSERT_EQ(columns.size(), expected.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    EXPECT_EQ(columns[i].name, expected[i].column) << i;
    EXPECT_EQ(spelled(columns[i]), expected[i].type) << columns[i].name;
    EXPECT_EQ(columns[i].nullable, expected[i].nullable) << columns[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded, Columns, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const auto& [name, columns] : recorded()) names.push_back(name);
                           return names;
                         }()),
                         [](const auto& each) { return each.param; });

TEST(RecordedTables, AreAllThirteenOfTheProfile) { EXPECT_EQ(recorded().size(), 13U); }

TEST_F(Columns, TableIdsOnTheWireAreTheRecordedOnes) {
  const std::map<std::string, std::uint32_t> ids = {
      {"gossip_nodes", 4294967273U},     {"gossip_liveness", 4294967271U},
      {"gossip_network", 4294967270U},   {"gossip_alerts", 4294967272U},
      {"node_metrics", 4294967257U},     {"node_build_info", 4294967293U},
      {"kv_node_liveness", 4294967274U}, {"kv_store_status", 4294967264U},
      {"kv_node_status", 4294967265U},   {"ranges_no_leases", 4294967252U},
      {"cluster_settings", 4294967283U}, {"ranges", 0U}};
  for (const auto& [name, id] : ids) {
    sql::Table* table = catalog_.find_table("system", "crdb_internal", name);
    ASSERT_NE(table, nullptr) << name;
    EXPECT_EQ(table->schema().oid, id) << name;
  }
}

}  // namespace
}  // namespace faultline::sim::tables
