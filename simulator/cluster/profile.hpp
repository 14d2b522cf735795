#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::sim::cluster {

/// The releases that a node can look and behave like, oldest first.
enum class Release : std::uint8_t { v22_1, v22_2, v23_1, v24_3, v25_2, v25_4, v26_1 };

/// What differs between releases, each with the fact it rests on. 22.1 was recorded from
/// a running server; the others follow release notes, source and documentation.
struct Profile {
  Release release = Release::v22_1;
  const char* name;            ///< What --profile takes: "23.1".
  const char* build_tag;       ///< "v23.1.14".
  const char* server_version;  ///< The cluster version: gossip_nodes.server_version.
  const char* go_version;
  double liveness_ttl_s;  ///< Of liveness records, and of leases that expire by time.
  double heartbeat_s;     ///< How often a node renews its liveness record.
  double election_s;      ///< Raft's election timeout.
  double store_info_ttl_s;
  double store_dead_s_min;  ///< The least that server.time_until_store_dead takes.

  [[nodiscard]] bool since(Release first) const { return release >= first; }

  /// gossip_nodes.is_live is "now before the gossiped liveness expires" (#89613, with a
  /// backport to 22.2); before, it is the 2 s gossip-clients key.
  [[nodiscard]] bool is_live_by_liveness() const { return since(Release::v22_2); }
  /// Empty since #89613 and its backport #94074.
  [[nodiscard]] bool has_gossip_network() const { return !since(Release::v22_2); }
  /// GRANT SYSTEM ... came with 22.2.
  [[nodiscard]] bool has_system_privileges() const { return since(Release::v22_2); }
  /// VIEWCLUSTERMETADATA opens gossip_*, kv_* and node_metrics (23.1.12, 23.2: #111131).
  [[nodiscard]] bool metadata_by_privilege() const { return since(Release::v23_1); }
  /// VIEWSYSTEMTABLE opens the tables of database system (23.1.11: #109474).
  [[nodiscard]] bool system_tables_by_privilege() const { return since(Release::v23_1); }
  /// VIEWACTIVITY* opens ranges_no_leases (#98535).
  [[nodiscard]] bool ranges_by_activity() const { return since(Release::v23_1); }
  /// node_id on every series (#99235).
  [[nodiscard]] bool labels_node() const { return since(Release::v23_1); }
  /// ranges_no_leases without table_id ... index_name (#102961).
  [[nodiscard]] bool ranges_without_names() const { return since(Release::v24_3); }
  /// sql.show_ranges_deprecated_behavior.enabled chooses (#93644): 23.1 alone.
  [[nodiscard]] bool ranges_names_by_setting() const { return release == Release::v23_1; }
  /// The view's replica columns are INT2VECTOR until #96287.
  [[nodiscard]] bool ranges_int2vector() const { return release == Release::v22_2; }
  /// crdb_internal.ranges gives an error per range instead of failing (#131232).
  [[nodiscard]] bool ranges_with_errors() const { return since(Release::v25_2); }
  /// rpc.connection.* instead of rpc.heartbeats.*.
  [[nodiscard]] bool rpc_connection_gauges() const { return since(Release::v24_3); }
  /// Leases held by store liveness among the replicas, not by the liveness range.
  [[nodiscard]] bool leader_leases() const { return since(Release::v25_2); }
  /// allow_unsafe_internals exists (#151362), and is off by default (#158085).
  [[nodiscard]] bool has_unsafe_internals() const { return since(Release::v25_4); }
  [[nodiscard]] bool unsafe_internals_off() const { return since(Release::v26_1); }
  /// A breaker that trips after 1m0s; off by default in the recorded server.
  [[nodiscard]] bool circuit_breakers() const { return since(Release::v22_2); }

  /// What version() and crdb_version say: the look of that release, and that it is none.
  [[nodiscard]] std::string version_text() const;
  /// "v23.1.14-crdbsim".
  [[nodiscard]] std::string tag_text() const;
};

[[nodiscard]] const std::vector<Profile>& profiles();
[[nodiscard]] const Profile& profile(Release release);
/// By its name, "23.1" or "v23.1"; null when there is none.
[[nodiscard]] const Profile* find_profile(std::string_view name);
/// "22.1, 22.2, ...": for messages.
[[nodiscard]] std::string profile_names();

}  // namespace faultline::sim::cluster
