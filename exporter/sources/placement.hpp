#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/poll/source.hpp"
#include "exporter/sources/gateway_session.hpp"

namespace faultline::sources {

/// Ranges whose voters are on the same stores.
struct VoterGroup {
  std::vector<StoreId> voters;  ///< Sorted.
  std::int64_t ranges = 0;
};

/// Where the ranges are. Kept through an outage: then it is the only way to tell
/// which of them have lost their quorum.
struct PlacementPart {
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
