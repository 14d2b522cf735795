#pragma once

#include <array>
#include <string_view>

namespace faultline::metrics {

enum class Kind { gauge, counter, info, stateset, histogram };

/// One metric that the exporter can write. docs/METRICS.md is printed from this
/// table, and to_families.cpp takes names from nowhere else.
struct Metric {
  std::string_view name;
  Kind kind;
  std::string_view labels;  ///< Comma list; empty for none.
  std::string_view help;    ///< One line: the serializer does not escape it.
};

inline constexpr Metric kUp{"faultline_up", Kind::gauge, "",
                            "Whether at least one node's process answers the exporter."};
inline constexpr Metric kBuildInfo{"faultline_build_info", Kind::info, "version,compiler",
                                   "What this exporter was built from; always 1."};
inline constexpr Metric kSnapshotTimestamp{
    "faultline_snapshot_timestamp_seconds", Kind::gauge, "",
    "When the picture behind these metrics was put together, in seconds since the epoch."};
inline constexpr Metric kCollectorSuccess{"faultline_scrape_collector_success", Kind::gauge,
                                          "collector", "Whether the collector's last read worked."};
inline constexpr Metric kCollectorDuration{"faultline_scrape_collector_duration_seconds",
                                           Kind::gauge, "collector",
                                           "How long the collector's last read took."};
inline constexpr Metric kSourceAge{
    "faultline_source_age_seconds", Kind::gauge, "collector",
    "Time since the collector's last good read; absent if there was none."};
inline constexpr Metric kSourceOff{
    "faultline_source_off", Kind::gauge, "collector",
    "Whether the collector is not asked at present: the cluster is too big for it, or its "
    "key-value layer does not answer. Its success and duration are absent meanwhile."};
inline constexpr Metric kClusterInfo{"faultline_cluster_info", Kind::info,
                                     "cluster_id,version,simulated",
                                     "The cluster as it names itself; always 1."};
inline constexpr Metric kNodesExpected{"faultline_cluster_nodes_expected", Kind::gauge, "",
                                       "Nodes known and not decommissioned."};
inline constexpr Metric kNodesUp{
    "faultline_cluster_nodes_up", Kind::gauge, "",
    "Nodes whose process answers and that no valid witness calls not live."};
inline constexpr Metric kVerdict{"faultline_verdict", Kind::stateset, "state",
                                 "The headline; 1 for the state that holds."};
inline constexpr Metric kCanLose{
    "faultline_verdict_can_lose_nodes", Kind::gauge, "",
    "Any so many more nodes may go and every range keeps quorum; absent when unknown."};
inline constexpr Metric kRanges{
    "faultline_ranges", Kind::gauge, "",
    "Ranges in the cluster; absent when not read lately, but for an outage."};
inline constexpr Metric kRangesUnavailable{
    "faultline_ranges_unavailable", Kind::gauge, "opinion",
    "Ranges without quorum by one way of counting; absent while that opinion is not valid."};
inline constexpr Metric kRangesUnavailableValid{
    "faultline_ranges_unavailable_valid", Kind::gauge, "opinion",
    "Whether that way of counting can be believed now."};
inline constexpr Metric kRangesWithoutQuorum{
    "faultline_ranges_without_quorum", Kind::gauge, "",
    "Ranges without quorum: the worst valid opinion; absent when nobody knows."};
inline constexpr Metric kRangesUnderreplicated{
    "faultline_ranges_underreplicated", Kind::gauge, "",
    "Ranges with a voter on a node that is not up, or on a store that is missing; absent when "
    "unknown."};
inline constexpr Metric kNodeInfo{"faultline_node_info", Kind::info,
                                  "node_id,address,sql_address,locality,version",
                                  "A node as it names itself; always 1."};
inline constexpr Metric kNodeLiveness{
    "faultline_node_liveness", Kind::stateset, "node_id,state",
    "The node as the cluster sees it; 1 for the state that holds."};
inline constexpr Metric kNodeProcess{
    "faultline_node_process", Kind::stateset, "node_id,state",
    "Whether the node's process answers the exporter; 1 for the state that holds."};
inline constexpr Metric kNodeContainer{
    "faultline_node_container", Kind::stateset, "node_id,state",
    "The node's container or local process as its runtime sees it; 1 for the state that holds."};
inline constexpr Metric kNodeReady{
    "faultline_node_ready", Kind::gauge, "node_id",
    "Whether GET /health?ready=1 answers 200; absent when it does not answer."};
inline constexpr Metric kNodeReplicas{"faultline_node_replicas", Kind::gauge, "node_id",
                                      "Replicas on the node's stores; absent when unknown."};
inline constexpr Metric kNodeLeaseholders{"faultline_node_leaseholders", Kind::gauge, "node_id",
                                          "Leases that the node holds; absent when unknown."};
inline constexpr Metric kNodeStoresMissing{
    "faultline_node_stores_missing", Kind::gauge, "node_id",
    "Stores that hold replicas and that the node answers without; absent when unknown."};
inline constexpr Metric kNodeMetricsValid{
    "faultline_node_metrics_valid", Kind::gauge, "node_id",
    "Whether the node's own gauges can be believed: it answers and is live in its own eyes."};
inline constexpr Metric kNodeMetricsAge{
    "faultline_node_metrics_age_seconds", Kind::gauge, "node_id",
    "Time since the node's own gauges were read; absent when never."};
inline constexpr Metric kProbeSuccess{
    "faultline_probe_success", Kind::gauge, "node_id,operation",
    "Whether the probe's last SELECT 1, write or read through the node worked; absent when old."};
inline constexpr Metric kProbeDuration{
    "faultline_probe_duration_seconds", Kind::histogram, "node_id,operation",
    "How long the probe's statements through the node took that worked."};
inline constexpr Metric kProbeFailures{
    "faultline_probe_failures_total", Kind::counter, "node_id,operation",
    "Statements of the probe through the node that failed, or could not be sent."};
inline constexpr Metric kProbeWrites{
    "faultline_probe_writes_total", Kind::counter, "result",
    "Writes of the probe by how they ended: acknowledged, refused or ambiguous."};
inline constexpr Metric kProbeResolved{
    "faultline_probe_writes_resolved_total", Kind::counter, "result",
    "Ambiguous writes of which it turned out whether they are there: landed or absent."};
inline constexpr Metric kProbeUnresolved{
    "faultline_probe_writes_unresolved", Kind::gauge, "",
    "Ambiguous writes that are still looked for, 32 of one node at most."};
inline constexpr Metric kProbeLost{
    "faultline_probe_writes_lost_total", Kind::counter, "",
    "Acknowledged writes that a later read did not find: must stay 0."};
inline constexpr Metric kProbePhantom{"faultline_probe_writes_phantom_total", Kind::counter, "",
                                      "Refused writes that a later read found all the same."};
inline constexpr Metric kNodePeersLost{
    "faultline_node_peers_lost", Kind::gauge, "node_id",
    "Peers that the node has no working connection to by its own gauges; absent when unknown."};
inline constexpr Metric kConnectivityValid{
    "faultline_connectivity_valid", Kind::gauge, "",
    "Whether every node that answers has told of its connections, and clearly."};
inline constexpr Metric kConnectivityCuts{
    "faultline_connectivity_cut_pairs", Kind::gauge, "",
    "Pairs of nodes that answer the exporter and cannot see each other; absent when unknown."};
inline constexpr Metric kFaultActive{"faultline_fault_active", Kind::gauge, "kind,target,node_id",
                                     "1 for each fault that is in effect; node_id may be empty."};
inline constexpr Metric kFaultOverdue{"faultline_fault_overdue", Kind::gauge, "kind,target",
                                      "1 for each fault that is past its deadline and not undone."};
inline constexpr Metric kFaults{"faultline_faults", Kind::gauge, "state",
                                "Faults that chaosd holds, or that ended in the last minute."};
inline constexpr Metric kEvents{"faultline_events_total", Kind::counter, "kind",
                                "What changed in the cluster, by kind of event."};
inline constexpr Metric kStreamClients{"faultline_stream_clients", Kind::gauge, "",
                                       "Clients on the WebSocket stream now."};
inline constexpr Metric kStreamDropped{
    "faultline_stream_clients_dropped_total", Kind::counter, "",
    "Stream clients that were dropped because they could not keep up."};
inline constexpr Metric kStreamMessages{"faultline_stream_messages_sent_total", Kind::counter, "",
                                        "Messages sent to stream clients."};
inline constexpr Metric kStreamBytes{"faultline_stream_bytes_sent_total", Kind::counter, "",
                                     "Bytes sent to stream clients, frame headers included."};
inline constexpr Metric kProcessCpu{"process_cpu_seconds_total", Kind::counter, "",
                                    "User and system time of the exporter."};
inline constexpr Metric kProcessResident{"process_resident_memory_bytes", Kind::gauge, "",
                                         "Resident memory of the exporter."};
inline constexpr Metric kProcessVirtual{"process_virtual_memory_bytes", Kind::gauge, "",
                                        "Virtual memory of the exporter."};
inline constexpr Metric kProcessFds{"process_open_fds", Kind::gauge, "",
                                    "Open file descriptors of the exporter."};
inline constexpr Metric kProcessFdsMax{"process_max_fds", Kind::gauge, "",
                                       "Most file descriptors that the exporter may open."};
inline constexpr Metric kProcessStart{"process_start_time_seconds", Kind::gauge, "",
                                      "When the exporter started, in seconds since the epoch."};

/// All of them, in the order in which the page and the documentation list them.
inline constexpr std::array kCatalogue{kUp,
                                       kBuildInfo,
                                       kSnapshotTimestamp,
                                       kCollectorSuccess,
                                       kCollectorDuration,
                                       kSourceAge,
                                       kSourceOff,
                                       kClusterInfo,
                                       kNodesExpected,
                                       kNodesUp,
                                       kVerdict,
                                       kCanLose,
                                       kRanges,
                                       kRangesUnavailable,
                                       kRangesUnavailableValid,
                                       kRangesWithoutQuorum,
                                       kRangesUnderreplicated,
                                       kNodeInfo,
                                       kNodeLiveness,
                                       kNodeProcess,
                                       kNodeContainer,
                                       kNodeReady,
                                       kNodeReplicas,
                                       kNodeLeaseholders,
                                       kNodeStoresMissing,
                                       kNodeMetricsValid,
                                       kNodeMetricsAge,
                                       kProbeSuccess,
                                       kProbeDuration,
                                       kProbeFailures,
                                       kProbeWrites,
                                       kProbeResolved,
                                       kProbeUnresolved,
                                       kProbeLost,
                                       kProbePhantom,
                                       kNodePeersLost,
                                       kConnectivityValid,
                                       kConnectivityCuts,
                                       kFaultActive,
                                       kFaultOverdue,
                                       kFaults,
                                       kEvents,
                                       kStreamClients,
                                       kStreamDropped,
                                       kStreamMessages,
                                       kStreamBytes,
                                       kProcessCpu,
                                       kProcessResident,
                                       kProcessVirtual,
                                       kProcessFds,
                                       kProcessFdsMax,
                                       kProcessStart};

}  // namespace faultline::metrics
