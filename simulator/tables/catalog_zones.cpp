#include "simulator/cluster/layout.hpp"
#include "simulator/cluster/zone.hpp"
#include "simulator/tables/access.hpp"
#include "simulator/tables/catalog.hpp"

namespace faultline::sim::tables {
namespace {

std::optional<cluster::RangeNumber> named_range(const std::string& name) {
  if (name == "meta") return cluster::kMetaRange;
  if (name == "liveness") return cluster::kLivenessRange;
  if (name == "timeseries") return cluster::kTimeSeriesRange;
  return std::nullopt;
}

}  // namespace

std::optional<SqlError> ClusterCatalog::refuse_alter_system_ranges(const Context& context) {
  if (context.user == "root") return std::nullopt;
  auto asking = roles_.of(context);
  if (auto* error = std::get_if<SqlError>(&asking)) return *error;
  if (std::get<Role>(asking).admin) return std::nullopt;
  return SqlError{"42501", "only users with the admin role are allowed to alter system ranges"};
}

// Kept as the settings are, and spread by gossip: each leaseholder moves its replicas there.
SqlResult<std::monostate> ClusterCatalog::configure_zone(const Context& context,
                                                         const sql::ZoneChange& change) {
  std::optional<cluster::RangeNumber> range;
  if (!change.range.empty()) {
    if (auto error = refuse_alter_system_ranges(context)) return *error;
    range = named_range(change.range);
    if (!range) {
      return SqlError{"0A000",
                      "the simulated server has the zones meta, liveness and timeseries, "
                      "and not \"" +
                          change.range + "\""};
    }
  } else {
    if (auto error =
            refuse_table(roles_, context, "ZONECONFIG", change.table[0], change.table[2])) {
      return *error;
    }
    const UserTable* table = user_table(change.table[0], change.table[2]);
    if (table == nullptr)
      return SqlError{"42P01", "relation \"" + change.table[2] + "\" does not exist"};
    range = table->record().range;
  }
  const std::string key = cluster::row_key("zone", *range);
  cluster::Zone zone = engine_.with([&](Node& node) { return node.zone(*range); });
  if (change.replicas) zone.replicas = *change.replicas;
  if (change.constraints) zone.constraints = *change.constraints;
  bool conflict = false;
  if (auto error = write(context, cluster::kSystemConfigRange,
                         {{key, cluster::encode_zone(zone), "*"}}, conflict)) {
    return *error;
  }
  engine_.with([&](Node& node) { node.hear(key, cluster::encode_zone(zone)); });
  return std::monostate{};
}

}  // namespace faultline::sim::tables
