#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/poll/source.hpp"
#include "exporter/sources/gateway_session.hpp"

namespace faultline::sources {

enum class Membership : std::uint8_t { active, decommissioning, decommissioned };

/// One node as one gateway's gossip has it.
struct GossipRow {
  NodeId id;
  std::int64_t epoch = 0;
  WallTime expires_at;
  bool draining = false;
  Membership membership = Membership::active;
  // From gossip_nodes, whose rows go two hours after the node; empty then.
  std::optional<bool> is_live;
  std::optional<std::string> address;
  std::optional<std::string> sql_address;
  std::optional<std::string> locality;
  std::optional<std::string> build_tag;
  std::optional<WallTime> started_at;
  std::optional<std::int64_t> ranges;
  std::optional<std::int64_t> leases;  ///< Empty when negative: it is for a while after a restart.
};

/// What one node says about all nodes, out of its memory.
struct GossipView {
  std::string gateway;
  NodeId witness;
  std::string cluster_id;
  std::string version;
  WallTime database_now;  ///< The witness's clock: expirations are compared with this one.
  std::vector<GossipRow> rows;
};

/// Who the session's node is. From node_build_info, once per connection.
struct GatewayIdentity {
  NodeId node_id;
  std::string cluster_id;
  std::string version;
};

[[nodiscard]] Result<std::vector<GossipRow>> parse_gossip(const sql::Rows& rows);
/// The database's clock in the first row.
[[nodiscard]] Result<WallTime> parse_database_now(const sql::Rows& rows);
[[nodiscard]] Result<GatewayIdentity> parse_identity(const sql::Rows& rows);

/// Tier T2: nodes, liveness records, membership. Both tables are in the gateway's
/// memory, so the statement answers without quorum too.
class GossipSource final : public poll::Source<GossipView> {
 public:
  static const std::string kStatement;
  static const std::string kIdentityStatement;

  /// `session` outlives this.
  explicit GossipSource(GatewaySession& session) : session_(session) {}

  [[nodiscard]] Result<GossipView> read(Deadline deadline) override;
  [[nodiscard]] std::optional<std::string> gateway() const override { return session_.gateway(); }

 private:
  GatewaySession& session_;
  std::optional<GatewayIdentity> identity_;
  std::int64_t identity_generation_ = -1;
};

}  // namespace faultline::sources
