#include "exporter/sources/gossip.hpp"

#include "exporter/sources/cells.hpp"

namespace faultline::sources {

const std::string GossipSource::kStatement =
    "SELECT l.node_id, l.epoch, l.expiration, l.draining, l.membership, now()::DECIMAL AS now_s,"
    " n.is_live, n.advertise_address, n.advertise_sql_address, n.locality, n.build_tag,"
    " n.started_at, n.ranges, n.leases"
    " FROM crdb_internal.gossip_liveness AS l"
    " LEFT JOIN crdb_internal.gossip_nodes AS n ON l.node_id = n.node_id"
    " ORDER BY l.node_id";

const std::string GossipSource::kIdentityStatement =
    "SELECT node_id, field, value FROM crdb_internal.node_build_info";

namespace {

constexpr std::size_t kNowColumn = 5;

Membership membership(CellReader& cells, std::size_t column) {
  const auto text = cells.text(column, "membership");
  if (text == "active") return Membership::active;
  if (text == "decommissioning") return Membership::decommissioning;
  if (text == "decommissioned") return Membership::decommissioned;
  cells.fail("membership", "\"" + text + "\"", "active, decommissioning or decommissioned");
  return Membership::active;
}

/// An address or a text that says something.
std::optional<std::string> filled(std::optional<std::string> text) {
  if (text && text->empty()) return std::nullopt;
  return text;
}

std::optional<std::int64_t> not_negative(std::optional<std::int64_t> value) {
  if (value && *value < 0) return std::nullopt;
  return value;
}

}  // namespace

Result<std::vector<GossipRow>> parse_gossip(const sql::Rows& rows) {
  std::vector<GossipRow> found;
  found.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "gossip row " + std::to_string(i + 1)};
    GossipRow row;
    row.id = NodeId{cells.integer(0, "node_id")};
    row.epoch = cells.integer(1, "epoch");
    row.expires_at = cells.seconds(2, "expiration");
    row.draining = cells.boolean(3, "draining");
    row.membership = membership(cells, 4);
    row.is_live = cells.maybe_boolean(6, "is_live");
    row.address = filled(cells.maybe_text(7));
    row.sql_address = filled(cells.maybe_text(8));
    row.locality = cells.maybe_text(9);
    row.build_tag = cells.maybe_text(10);
    row.started_at = cells.maybe_timestamp(11, "started_at");
    row.ranges = not_negative(cells.maybe_integer(12, "ranges"));
    row.leases = not_negative(cells.maybe_integer(13, "leases"));
    if (row.id.value < 1) cells.fail("node_id", std::to_string(row.id.value), "1 or more");
    if (cells.error()) return *cells.error();
    found.push_back(std::move(row));
  }
  return found;
}

Result<WallTime> parse_database_now(const sql::Rows& rows) {
  if (rows.empty()) {
    return Error{ErrorCode::upstream, "gossip lists no node yet; is the cluster initialised?"};
  }
  CellReader cells{rows.front(), "gossip row 1"};
  const auto now = cells.seconds(kNowColumn, "now_s");
  if (cells.error()) return *cells.error();
  return now;
}

Result<GatewayIdentity> parse_identity(const sql::Rows& rows) {
  GatewayIdentity identity;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "node_build_info row " + std::to_string(i + 1)};
    identity.node_id = NodeId{cells.integer(0, "node_id")};
    const auto field = cells.text(1, "field");
    const auto value = cells.text(2, "value");
    if (cells.error()) return *cells.error();
    if (field == "ClusterID") identity.cluster_id = value;
    if (field == "Build") identity.version = value;
  }
  if (identity.node_id.value < 1) {
    return Error{ErrorCode::upstream, "node_build_info does not say which node this is"};
  }
  return identity;
}

Result<GossipView> GossipSource::read(Deadline deadline) {
  const auto rows = session_.query(kStatement, deadline);
  if (!rows) return rows.error();
  if (!identity_ || identity_generation_ != session_.generation()) {
    const auto told = session_.query_here(kIdentityStatement, deadline);
    if (!told) return told.error();
    auto identity = parse_identity(*told);
    if (!identity) return identity.error();
    identity_ = std::move(identity).value();
    identity_generation_ = session_.generation();
  }
  const auto now = parse_database_now(*rows);
  if (!now) return now.error();
  auto nodes = parse_gossip(*rows);
  if (!nodes) return nodes.error();
  return GossipView{session_.gateway().value_or(""),
                    identity_->node_id,
                    identity_->cluster_id,
                    identity_->version,
                    *now,
                    std::move(nodes).value()};
}

}  // namespace faultline::sources
