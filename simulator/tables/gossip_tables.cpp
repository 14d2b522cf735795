// Tables that are answered from what this node has heard: they never hang by themselves.
#include <nlohmann/json.hpp>

#include "simulator/cluster/layout.hpp"
#include "simulator/cluster/report.hpp"
#include "simulator/tables/virtual_table.hpp"

namespace faultline::sim::tables {
namespace {

using cluster::Node;
using cluster::row_key;
using cluster::Time;

std::string expiration_text(Time expiration) {
  const std::string nanos = std::to_string(cluster::kSecond + expiration % cluster::kSecond);
  return std::to_string(expiration / cluster::kSecond) + "." + nanos.substr(1) + ",0";
}

Row node_row(const Node& node, const cluster::NodeDescriptor& each, Time now) {
  const cluster::StoreDescriptor stores = node.gossiped_sum(each.node, now);
  const bool is_live = cluster::shown_live(node, each.node, now);
  return {each.node,
          "tcp",
          each.address,
          each.address,
          "tcp",
          each.sql_address,
          each.sql_address,
          "[]",
          each.locality,
          "",
          each.server_version,
          each.build_tag,
          micros(each.started_at),
          is_live,
          stores.ranges,
          stores.leases};
}

std::vector<Row> gossip_nodes(Node& node) {
  std::vector<Row> rows;
  const Time now = cluster::wall_now();
  for (const auto& each : node.nodes()) rows.push_back(node_row(node, each, now));
  return rows;
}

std::vector<Row> gossip_liveness(Node& node) {
  std::vector<Row> rows;
  for (const auto& [number, record] : node.livenesses()) {
    const cluster::Info* info = node.gossip().find(row_key("liveness", number));
    rows.push_back({number, record.epoch, expiration_text(record.expiration), record.draining,
                    record.membership != "active", record.membership, micros(info->written_at)});
  }
  return rows;
}

std::vector<Row> gossip_network(Node& node) {
  std::vector<Row> rows;
  if (!node.profile().has_gossip_network()) return rows;
  for (const auto& each : node.nodes()) {
    const auto text =
        node.gossip().value(row_key("gossip-clients", each.node), cluster::wall_now());
    if (!text) continue;
    const auto targets = nlohmann::json::parse(*text, nullptr, false);
    if (!targets.is_array()) continue;
    for (const auto& target : targets) {
      if (target.is_number_integer()) rows.push_back({each.node, target.get<std::int64_t>()});
    }
  }
  return rows;
}

std::vector<Row> gossip_alerts(Node& node) {
  std::vector<Row> rows;
  for (const auto& each : node.nodes()) {
    const auto text = node.gossip().value(row_key("alerts", each.node), cluster::wall_now());
    if (!text) continue;
    const auto alerts = nlohmann::json::parse(*text, nullptr, false);
    if (!alerts.is_array()) continue;
    for (const auto& alert : alerts) {
      if (!alert.is_object()) continue;
      const std::int64_t store = alert.value("store", std::int64_t{0});
      rows.push_back({each.node, store == 0 ? Value(sql::Null{}) : Value(store),
                      std::string("metrics"), alert.value("name", std::string()),
                      alert.value("value", 0.0)});
    }
  }
  return rows;
}

}  // namespace

void add_gossip_tables(const TableMaker& maker) {
  maker.add_from_memory(Guard::metadata, system_schema(maker.profile, "gossip_nodes"),
                        gossip_nodes);
  maker.add_from_memory(Guard::metadata, system_schema(maker.profile, "gossip_liveness"),
                        gossip_liveness);
  maker.add_from_memory(Guard::metadata, system_schema(maker.profile, "gossip_network"),
                        gossip_network);
  maker.add_from_memory(Guard::metadata, system_schema(maker.profile, "gossip_alerts"),
                        gossip_alerts);
}

}  // namespace faultline::sim::tables
