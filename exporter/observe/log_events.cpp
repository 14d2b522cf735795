#include "exporter/observe/log_events.hpp"

#include <algorithm>
#include <string>

#include "exporter/observe/cause.hpp"

namespace faultline::observe {

namespace {

using sources::LogEntry;

struct Group {
  const LogEntry* first;
  WallTime at;
  std::vector<std::int64_t> ranges;
};

std::string name_of(const std::optional<NodeId>& id) {
  return id ? "n" + std::to_string(id->value) : std::string{"a node"};
}

/// "r72", "3 ranges (r72, r80, r81)".
std::string ranges_of(const Group& group) {
  constexpr std::size_t kNamed = 8;
  if (group.ranges.size() == 1) return "r" + std::to_string(group.ranges.front());
  std::string names;
  for (std::size_t i = 0; i < std::min(group.ranges.size(), kNamed); ++i) {
    names += (i == 0 ? "r" : ", r") + std::to_string(group.ranges[i]);
  }
  if (group.ranges.size() > kNamed) names += ", …";
  return std::to_string(group.ranges.size()) + " ranges (" + names + ")";
}

std::string replica_sentence(const Group& group) {
  const auto& type = group.first->type;
  const bool one = group.ranges.size() == 1;
  const bool added = type.starts_with("add_");
  std::string sentence = ranges_of(group) + (added ? (one ? " gets" : " get")
                                             : one ? " gives up"
                                                   : " give up");
  sentence += type.ends_with("_non_voter") ? " a non-voting replica on " : " a replica on ";
  sentence += name_of(group.first->node);
  return group.first->reason.empty() ? sentence : sentence + ": " + group.first->reason;
}

std::string range_sentence(const Group& group) {
  const auto& type = group.first->type;
  const bool one = group.ranges.size() == 1;
  const auto other = group.first->other_range;
  if (type == "split") {
    return ranges_of(group) + (one ? " is split" : " are split") +
           (one && other ? ": r" + std::to_string(*other) + " begins" : "");
  }
  if (type == "merge") {
    return ranges_of(group) + (one ? " takes in" : " take in") +
           (one && other ? " r" + std::to_string(*other) : " their neighbours");
  }
  if (type == "unsafe_quorum_recovery") {
    return ranges_of(group) + (one ? " was" : " were") +
           " recovered without quorum: acknowledged writes may be lost";
  }
  return ranges_of(group) + ": " + type;
}

std::string node_sentence(const LogEntry& entry) {
  const auto node = name_of(entry.node);
  if (entry.type == "node_join") return node + " joined the cluster for the first time";
  if (entry.type == "node_restart") return node + " started again";
  if (entry.type == "node_decommissioning") return node + " is being decommissioned";
  if (entry.type == "node_decommissioned") return node + " is decommissioned";
  if (entry.type == "node_recommissioned") return node + " is recommissioned";
  return node + ": " + entry.type;
}

bool is_replica(const std::string& type) { return type.ends_with("_voter"); }

EventKind kind_of(const LogEntry& entry) {
  if (!entry.range) return EventKind::node_log;
  return is_replica(entry.type) ? EventKind::replica_change : EventKind::range_change;
}

bool same_story(const LogEntry& a, const LogEntry& b) {
  return a.range && b.range && a.type == b.type && a.reason == b.reason && a.node == b.node;
}

ClusterEvent told(const Group& group, const ClusterSnapshot& snapshot) {
  const auto& entry = *group.first;
  ClusterEvent event;
  event.at = group.at;
  event.kind = kind_of(entry);
  event.severity = entry.type == "unsafe_quorum_recovery" ? Severity::critical : Severity::info;
  event.node_id = entry.node;
  switch (event.kind) {
    case EventKind::node_log: event.sentence = node_sentence(entry); break;
    case EventKind::replica_change: event.sentence = replica_sentence(group); break;
    default: event.sentence = range_sentence(group); break;
  }
  // A replica that another node gives up is moved for the fault's sake as well.
  const FaultView* fault = entry.node ? fault_behind(snapshot, *entry.node) : nullptr;
  if (fault == nullptr && event.kind == EventKind::replica_change) fault = only_fault(snapshot);
  const bool in_time = fault != nullptr && fault->active_at.value_or(fault->created_at) <= event.at;
  if (in_time) {
    event.fault_id = fault->id;
    event.cause = words_of(*fault);
  }
  return event;
}

}  // namespace

std::vector<ClusterEvent> log_events(const sources::ClusterLogPart& log, std::int64_t last_serial,
                                     const ClusterSnapshot& snapshot) {
  std::vector<Group> groups;
  for (const auto& entry : log.entries) {
    if (entry.serial <= last_serial) continue;
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& item) {
      return same_story(*item.first, entry);
    });
    if (group == groups.end()) {
      groups.push_back({&entry, entry.at, {entry.range.value_or(0)}});
    } else {
      group->at = entry.at;
      group->ranges.push_back(*entry.range);
    }
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.at < b.at; });
  std::vector<ClusterEvent> events;
  for (const auto& group : groups) events.push_back(told(group, snapshot));
  return events;
}

}  // namespace faultline::observe
