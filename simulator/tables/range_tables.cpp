// crdb_internal.ranges_no_leases and ranges, SHOW RANGES: what meta2 says, and whom to ask.
#include <algorithm>
#include <map>

#include "simulator/cluster/layout.hpp"
#include "simulator/tables/virtual_table.hpp"

namespace faultline::sim::tables {
namespace {

using cluster::Descriptor;
using cluster::Engine;
using cluster::KvReply;
using cluster::KvRequest;
using cluster::Node;

std::string bytes_of(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return out;
}

sql::TextArray localities_of(Node& node, const sql::IntArray& replicas) {
  sql::TextArray out;
  const auto nodes = node.nodes();
  for (const std::int64_t replica : replicas) {
    const auto it = std::ranges::find(nodes, replica, &cluster::NodeDescriptor::node);
    out.emplace_back(it == nodes.end() ? "" : it->locality);
  }
  return out;
}

// replicas is sorted; voting_replicas keeps the order of the descriptor, as recorded.
Row range_row(Node& node, const Descriptor& each) {
  sql::IntArray sorted = each.replicas;
  std::ranges::sort(sorted);
  return {each.range,
          bytes_of(each.start_key),
          each.start_pretty,
          bytes_of(each.end_key),
          each.end_pretty,
          each.table_id,
          each.database,
          each.schema,
          each.table,
          std::string(),
          sorted,
          localities_of(node, sorted),
          each.replicas,
          sql::IntArray{},
          sql::IntArray{},
          sql::Null{}};
}

/// Who holds the lease of each, in their order.
SqlResult<std::vector<KvReply>> ask_each(Engine& engine, const Context& context,
                                         const std::vector<Descriptor>& descriptors) {
  std::vector<KvRequest> requests;
  for (const Descriptor& each : descriptors) {
    KvRequest request;
    request.range = each.range;
    request.op = cluster::KvOp::lease;
    requests.push_back(request);
  }
  std::vector<KvReply> replies;
  const auto end = engine.ask_all(requests, patience_of(context), replies);
  if (end != cluster::WaitEnd::answered) return wait_error(end);
  return replies;
}

// Asks every range's leaseholder, taking the lease where nobody valid holds it. One
// range that cannot answer makes the whole fail, and so does a peer that neither
// answers nor refuses (a paused one), however long ago its leases went elsewhere.
SqlResult<std::vector<KvReply>> ask_leases(Engine& engine, const Context& context,
                                           const std::vector<Descriptor>& descriptors) {
  const auto end =
      engine.wait_until(patience_of(context), [](Node& node) { return !node.has_silent_peer(); });
  if (end != cluster::WaitEnd::answered) return wait_error(end);
  return ask_each(engine, context, descriptors);
}

Rows read_ranges(Engine& engine, const Context& context, bool with_leases) {
  if (auto error = need_database(engine, context)) return *error;
  auto found = read_descriptors(engine, context);
  if (auto* error = std::get_if<SqlError>(&found)) return *error;
  const auto& descriptors = std::get<std::vector<Descriptor>>(found);
  std::vector<KvReply> leases;
  if (with_leases) {
    auto asked = ask_leases(engine, context, descriptors);
    if (auto* error = std::get_if<SqlError>(&asked)) return *error;
    leases = std::move(std::get<std::vector<KvReply>>(asked));
  }
  return engine.with([&](Node& node) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
      Row row = range_row(node, descriptors[i]);
      if (with_leases) {
        row.emplace_back(leases[i].hint);
        row.emplace_back(leases[i].number);
      }
      rows.push_back(std::move(row));
    }
    return rows;
  });
}

Rows read_show_ranges(Engine& engine, const Context& context, std::int64_t table_id) {
  auto found = read_descriptors(engine, context);
  if (auto* error = std::get_if<SqlError>(&found)) return *error;
  auto& descriptors = std::get<std::vector<Descriptor>>(found);
  std::erase_if(descriptors,
                [table_id](const Descriptor& each) { return each.table_id != table_id; });
  const auto asked = ask_each(engine, context, descriptors);
  if (const auto* error = std::get_if<SqlError>(&asked)) return *error;
  const auto& replies = std::get<std::vector<KvReply>>(asked);
  return engine.with([&](Node& node) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
      const std::int64_t holder = replies[i].hint;
      rows.push_back({sql::Null{}, sql::Null{}, descriptors[i].range,
                      static_cast<double>(replies[i].number) / 1e6, holder,
                      *localities_of(node, {holder}).front(), descriptors[i].replicas,
                      localities_of(node, descriptors[i].replicas)});
    }
    return rows;
  });
}

constexpr std::string_view kNoLeaseColumns =
    "range_id int8, start_key bytes, start_pretty text, end_key bytes, end_pretty text, "
    "table_id int8, database_name text, schema_name text, table_name text, index_name text, "
    "replicas int8[], replica_localities text[], voting_replicas int8[], "
    "non_voting_replicas int8[], learner_replicas int8[], split_enforced_until timestamp?";

// The view's columns can all be NULL.
constexpr std::string_view kLeaseColumns =
    "range_id int8?, start_key bytes?, start_pretty text?, end_key bytes?, end_pretty text?, "
    "table_id int8?, database_name text?, schema_name text?, table_name text?, index_name text?, "
    "replicas int8[]?, replica_localities text[]?, voting_replicas int8[]?, "
    "non_voting_replicas int8[]?, learner_replicas int8[]?, split_enforced_until timestamp?, "
    "lease_holder int8?, range_size int8?";

}  // namespace

SqlResult<std::vector<Descriptor>> read_descriptors(Engine& engine, const Context& context) {
  auto found = read_range(engine, context, cluster::kMetaRange, "meta2/");
  if (auto* error = std::get_if<SqlError>(&found)) return *error;
  std::vector<Descriptor> all;
  for (const auto& [key, value] :
       std::get<std::vector<std::pair<std::string, std::string>>>(found)) {
    if (auto descriptor = cluster::decode_descriptor(value)) all.push_back(std::move(*descriptor));
  }
  std::ranges::sort(all, {}, &Descriptor::start_key);
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    all[i].end_key = all[i + 1].start_key;
    all[i].end_pretty = all[i + 1].start_pretty;
  }
  if (!all.empty()) {
    all.back().end_key = "ffff";
    all.back().end_pretty = "/Max";
  }
  return all;
}

void add_range_tables(Engine& engine, TableList& tables) {
  tables.push_back(std::make_unique<VirtualTable>(
      make_schema("crdb_internal", "ranges_no_leases", 4294967252U, kNoLeaseColumns),
      [&engine](const Context& context) { return read_ranges(engine, context, false); }));
  tables.push_back(std::make_unique<VirtualTable>(
      make_schema("crdb_internal", "ranges", 0, kLeaseColumns),
      [&engine](const Context& context) { return read_ranges(engine, context, true); }));
}

std::unique_ptr<sql::Table> make_show_ranges(Engine& engine, std::int64_t table_id) {
  return std::make_unique<VirtualTable>(
      make_schema("", "show_ranges", 0,
                  "start_key text?, end_key text?, range_id int8, range_size_mb float8, "
                  "lease_holder int8, lease_holder_locality text, replicas int8[], "
                  "replica_localities text[]"),
      [&engine, table_id](const Context& context) {
        return read_show_ranges(engine, context, table_id);
      });
}

}  // namespace faultline::sim::tables
