// Tables of the later releases, column by column, each line of columns_by_release.csv with
// the fact that it comes from; and SHOW RANGES, whose columns follow what was asked.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "simulator/tables/catalog.hpp"
#include "tests/unit/simulator/no_store.hpp"

namespace faultline::sim::tables {
namespace {

using cluster::Release;

/// A catalog of one release, with a table app.kv that gossip has told it of.
class ReleaseCatalog {
 public:
  explicit ReleaseCatalog(Release release)
      : node_(config_of(release), {{&store_, {}, {}}}, cluster::wall_now()) {
    TableRecord record;
    record.id = 104;
    record.range = 45;
    record.database = "app";
    record.schema = make_schema("public", "kv", 104, "k int8, v text");
    record.schema.primary_key = {0};
    node_.hear("table/104", encode_table(record));
    node_.hear("database/app", "103");
  }
  void set(const std::string& setting, const std::string& value) {
    node_.hear("setting/" + setting, value);
  }
  /// "range_id:int8 start_key:text ..."; "none" when there is no such table.
  std::string columns(const std::string& schema, const std::string& name) {
    const sql::Table* table = catalog_.find_table("system", schema, name);
    if (table == nullptr) return "none";
    std::string text;
    for (const sql::Column& column : table->schema().columns) {
      text += (text.empty() ? "" : " ") + column.name + ":" + spelled(column.type) +
              (column.nullable ? "?" : "");
    }
    return text;
  }

 private:
  static cluster::NodeConfig config_of(Release release) {
    cluster::NodeConfig config;
    config.profile = &cluster::profile(release);
    return config;
  }
  static std::string spelled(sql::Type type) {
    switch (type) {
      case sql::Type::int8: return "int8";
      case sql::Type::text: return "text";
      case sql::Type::boolean: return "bool";
      case sql::Type::float8: return "float8";
      case sql::Type::timestamp: return "timestamp";
      case sql::Type::bytes: return "bytes";
      case sql::Type::jsonb: return "jsonb";
      case sql::Type::int8_array: return "int8[]";
      case sql::Type::text_array: return "text[]";
      case sql::Type::int2vector: return "int2vector";
      default: return "unexpected";
    }
  }
  NoStore store_;
  cluster::Node node_;
  cluster::Engine engine_{node_, [] {}};
  ClusterCatalog catalog_{engine_};
};

TEST(ColumnsByRelease, AreThoseOfTheFacts) {
  std::ifstream in(std::string(FAULTLINE_SOURCE_DIR) +
                   "/tests/contract/simulator/columns_by_release.csv");
  std::string line;
  std::getline(in, line);
  int checked = 0;
  while (std::getline(in, line)) {
    std::stringstream fields(line);
    std::string release, table, columns, fact;
    std::getline(fields, release, ',');
    std::getline(fields, table, ',');
    std::getline(fields, columns, ',');
    std::getline(fields, fact);
    const cluster::Profile* profile = cluster::find_profile(release);
    ASSERT_NE(profile, nullptr) << release;
    ReleaseCatalog catalog(profile->release);
    EXPECT_EQ(catalog.columns("crdb_internal", table), columns)
        << table << " of " << release << ": " << fact;
    EXPECT_FALSE(fact.empty()) << line;
    ++checked;
  }
  EXPECT_EQ(checked, 23);
}

TEST(ColumnsByRelease, TheSettingOf231TakesTheNamesAway) {
  ReleaseCatalog catalog(Release::v23_1);
  catalog.set("sql.show_ranges_deprecated_behavior.enabled", "false");
  ReleaseCatalog later(Release::v24_3);
  EXPECT_EQ(catalog.columns("crdb_internal", "ranges_no_leases"),
            later.columns("crdb_internal", "ranges_no_leases"));
}

constexpr const char* kOld =
    "start_key:text? end_key:text? range_id:int8 range_size_mb:float8 lease_holder:int8 "
    "lease_holder_locality:text replicas:int8[] replica_localities:text[]";
constexpr const char* kNew =
    "start_key:text end_key:text range_id:int8 replicas:int8[] replica_localities:text[] "
    "voting_replicas:int8[] non_voting_replicas:int8[] learner_replicas:int8[] "
    "split_enforced_until:timestamp?";

TEST(ShowRanges, HasItsLeasesOnlyWithDetailsFrom232On) {
  for (const Release old : {Release::v22_1, Release::v22_2, Release::v23_1}) {
    EXPECT_EQ(ReleaseCatalog(old).columns("show_ranges", "app.kv"), kOld);
    EXPECT_EQ(ReleaseCatalog(old).columns("show_ranges", "?"), "none");
  }
  for (const Release later : {Release::v24_3, Release::v26_1}) {
    ReleaseCatalog catalog(later);
    EXPECT_EQ(catalog.columns("show_ranges", "app.kv"), kNew);
    EXPECT_EQ(catalog.columns("show_ranges", ""), kNew);
    const std::string details = catalog.columns("show_ranges", "app.kv?details");
    for (const char* column : {" lease_holder:int8?", " lease_holder_locality:text?",
                               " range_size_mb:float8?", " span_stats:jsonb?"}) {
      EXPECT_NE(details.find(column), std::string::npos) << column;
    }
    EXPECT_NE(catalog.columns("show_ranges", "?tables").find("database_name:text"),
              std::string::npos);
    EXPECT_NE(catalog.columns("show_ranges", "?keys").find("raw_start_key:bytes"),
              std::string::npos);
  }
}

TEST(ShowRanges, OfATableThatIsNotThereIsNothing) {
  EXPECT_EQ(ReleaseCatalog(Release::v24_3).columns("show_ranges", "app.nowhere"), "none");
}

}  // namespace
}  // namespace faultline::sim::tables
