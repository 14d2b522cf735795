#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "chaosd/runtime/runtime.hpp"
#include "chaosd/service/event_feed.hpp"
#include "chaosd/service/selection.hpp"
#include "common/cluster/fault.hpp"

namespace faultline::chaos {

/// A CockroachDB node as the exporter tells it.
struct NodeAddress {
  NodeId id;
  std::string address;  ///< What the node advertises: "host:port".
  bool decommissioned = false;
  std::string locality = {};                ///< "region=eu,zone=a".
  std::optional<std::int64_t> leases = {};  ///< Empty: not known now.
  bool is_gateway = false;                  ///< The exporter reads the cluster through it.
};

/// Which node a target is. An advertised "host:port" that one target has is the
/// answer; else its host, if just one target has that host. Pure.
[[nodiscard]] std::optional<NodeId> node_of(const TargetInfo& target,
                                            const std::vector<TargetInfo>& targets,
                                            const std::vector<NodeAddress>& nodes);

struct RuntimeHealth {
  bool ok = false;
  std::string detail = "not asked yet";
};
/// Of each of several hosts, by name.
using HostsHealth = std::map<std::string, RuntimeHealth>;

/// What is known of the targets now: written by the watch (states) and the
/// resolver (node ids), read by all. Tells the feed what changed. Any thread.
class TargetBoard {
 public:
  /// `feed` outlives this.
  TargetBoard(RuntimeKind runtime, EventFeed& feed, const std::vector<std::string>& hosts = {""})
      : runtime_(runtime), feed_(feed) {
    for (const auto& host : hosts) hosts_[host];
  }

  /// What a listing of the runtime, or of one of its hosts, gave. After `kBlindAfter` without a
  /// good one every state becomes unknown: an old state shown as today's is a lie. Returns the ids
  /// of the targets that changed.
  std::vector<std::string> put_targets(const Result<std::vector<TargetInfo>>& listed, WallTime now,
                                       const std::string& host = {});
  void put_runtime(const Result<std::string>& described, const std::string& host = {});
  void put_support(std::vector<FaultSupport> support, const std::string& host = {});
  void put_nodes(const Result<std::vector<NodeAddress>>& nodes, WallTime now);

  [[nodiscard]] std::vector<TargetView> targets() const;
  /// By its whole name, or without its host where only one host has it: else `conflict`, with
  /// those that it may be. `not_found`: nobody is called so.
  [[nodiscard]] Result<TargetInfo> find(const std::string& name) const;
  [[nodiscard]] std::optional<TargetInfo> find_by_id(const std::string& id) const;
  [[nodiscard]] std::optional<NodeId> node_of_target(const std::string& name) const;
  /// The target that is that node; the error says what is known instead.
  [[nodiscard]] Result<TargetInfo> find_node(NodeId id) const;
  /// Every target with what is known of its node, to select among.
  [[nodiscard]] std::vector<Candidate> candidates() const;
  /// How many nodes the cluster has, those decommissioned left out; 0: nobody told.
  [[nodiscard]] std::size_t nodes_known() const;
  /// Of several hosts: ok while one of them answers; the detail is of each.
  [[nodiscard]] RuntimeHealth runtime_health() const;
  /// Empty when there is but one without a name.
  [[nodiscard]] HostsHealth hosts_health() const;
  /// What the runtime's probe said of a kind; supported when it has said nothing. Of several
  /// hosts: what those that have said it have in common.
  [[nodiscard]] FaultSupport support_of(FaultKind kind) const;
  [[nodiscard]] FaultSupport support_of(FaultKind kind, const std::string& host) const;
  [[nodiscard]] RuntimeKind runtime() const { return runtime_; }
  /// Whether the last listing has succeeded, of one host at least.
  [[nodiscard]] Status readable() const;
  /// Of every host, so that "no such target" can be said.
  [[nodiscard]] Status complete() const;
  /// Some target has no node id yet.
  [[nodiscard]] bool has_unresolved() const;

  static constexpr milliseconds kBlindAfter{5000};

 private:
  /// What one host said last.
  struct HostSight {
    std::optional<WallTime> listed_at;
    std::string list_error = "the runtime has not been asked yet";
    RuntimeHealth health;
    std::optional<std::vector<FaultSupport>> support;  ///< Empty: it has not said.
  };

  [[nodiscard]] std::vector<TargetInfo> merged(const Result<std::vector<TargetInfo>>& listed,
                                               WallTime now, const std::string& host);
  void resolve();
  [[nodiscard]] TargetView view_of(const TargetInfo& target) const;
  void tell(const TargetView& target, const std::string& sentence, WallTime now);

  const RuntimeKind runtime_;
  EventFeed& feed_;
  mutable std::mutex mutex_;  // Guards what follows. Held while an event is queued, never for I/O.
  std::vector<TargetInfo> targets_;
  std::vector<std::pair<std::string, NodeId>> node_ids_;   ///< By target id.
  std::optional<Result<std::vector<NodeAddress>>> nodes_;  ///< The last answer of the exporter.
  std::vector<NodeAddress> known_nodes_;
  std::map<std::string, HostSight> hosts_;  ///< By name; one without a name where that is all.
};

}  // namespace faultline::chaos
