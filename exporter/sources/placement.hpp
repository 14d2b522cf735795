#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/poll/source.hpp"
#include "exporter/sources/gateway_session.hpp"

namespace faultline::sources {

struct NamedRange {
  std::int64_t id = 0;
  std::string name;  ///< start_pretty.
};

/// Ranges whose voters are on the same stores.
struct VoterGroup {
  std::vector<StoreId> voters;  ///< Sorted.
  std::int64_t ranges = 0;
  /// Sorted; of a joint configuration, the stores that vote in its old half only. Servers
  /// up to v26 list the new half alone; this is for one that lists all.
  std::vector<StoreId> outgoing = {};
  /// The first of them in key order, system ranges first.
  std::vector<NamedRange> named = {};
};

/// Where the ranges are. Kept through an outage: then it is the only way to tell
/// which of them have lost their quorum.
struct PlacementPart {
  static constexpr std::int64_t kNamedMax = 10'000;  ///< Ranges kept by name, in all.

  std::vector<VoterGroup> groups;
  std::int64_t ranges = 0;
  std::map<StoreId, NodeId> stores;  ///< As far as the cluster told.
  std::optional<milliseconds> time_until_store_dead;
};

[[nodiscard]] Result<PlacementPart> parse_placement(const sql::Rows& rows);
[[nodiscard]] Result<std::map<StoreId, NodeId>> parse_stores(const sql::Rows& rows);

/// Tier T4: range descriptors (a scan of meta2; no RPC per range). Fails for as long
/// as the ranges that it reads have no lease, and that is fine.
class PlacementSource final : public poll::Source<PlacementPart> {
 public:
  static const std::string kStatement;
  static const std::string kStoresStatement;
  static const std::string kSettingStatement;

  /// `session` outlives this.
  explicit PlacementSource(GatewaySession& session) : session_(session) {}

  [[nodiscard]] Result<PlacementPart> read(Deadline deadline) override;
  [[nodiscard]] std::optional<std::string> gateway() const override { return session_.gateway(); }

 private:
  GatewaySession& session_;
};

}  // namespace faultline::sources
