#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/poll/source.hpp"
#include "exporter/sources/gateway_session.hpp"

namespace faultline::sources {

struct StoreStatus {
  NodeId node;
  StoreId store;
  std::int64_t ranges = 0;
  std::int64_t leases = 0;
  std::int64_t capacity_bytes = 0;
  std::int64_t available_bytes = 0;
  std::int64_t used_bytes = 0;
};

/// What a node last wrote about itself.
struct NodeStatus {
  NodeId node;
  WallTime updated_at;
  std::map<NodeId, double> latency_ms;  ///< Round trips to its peers.
};

/// Every node's and store's own account, without those of nodes that have stopped writing:
/// their last rows stay for ever.
struct KvStatusPart {
  std::vector<NodeStatus> nodes;
  std::vector<StoreStatus> stores;
  // Settings, read once in a while, and kept; empty where a version has no such one.
  std::optional<milliseconds> time_until_store_dead;
  std::optional<milliseconds> time_after_store_suspect = std::nullopt;
};

/// `rows` as of the database's clock in their fifth column.
[[nodiscard]] Result<std::vector<NodeStatus>> parse_node_status(const sql::Rows& rows);
[[nodiscard]] Result<std::vector<StoreStatus>> parse_store_status(const sql::Rows& rows);

/// Tier T3: kv_node_status and kv_store_status, two scans of one system range; never the
/// columns metrics, args and env, which are long or secret. Slower above 20 nodes and off
/// above 100, where each answer is megabytes in the gateway.
class KvStatusSource final : public poll::Source<KvStatusPart> {
 public:
  static const std::string kNodesStatement;
  static const std::string kStoresStatement;
  static const std::string kSuspectStatement;         ///< A setting that SHOW ALL hides.
  static constexpr milliseconds kStaleAfter{30'000};  ///< Nodes write every 10 s.
  static constexpr std::size_t kManyNodes = 20;
  static constexpr std::size_t kTooManyNodes = 100;
  static constexpr milliseconds kPauseOfMany{60'000};

  /// All outlive this.
  KvStatusSource(GatewaySession& session, const Roster& roster, const Clock& clock)
      : session_(session), roster_(roster), clock_(clock) {}

  [[nodiscard]] Result<KvStatusPart> read(Deadline deadline) override;
  [[nodiscard]] std::optional<std::string> gateway() const override { return session_.gateway(); }
  [[nodiscard]] std::string off() const override { return off_; }
  [[nodiscard]] milliseconds pause_least() const override { return pause_; }

 private:
  void read_settings(Deadline deadline);
  void read_duration(const std::string& statement, Deadline deadline,
                     std::optional<milliseconds>& to);

  GatewaySession& session_;
  const Roster& roster_;
  const Clock& clock_;
  std::optional<milliseconds> time_until_store_dead_;
  std::optional<milliseconds> time_after_store_suspect_;
  SteadyTime setting_due_ = SteadyTime::min();
  std::string off_;
  milliseconds pause_{0};
};

}  // namespace faultline::sources
