#include "chaosd/service/vigil.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace faultline::chaos {

namespace {

void sort_once(std::vector<NodeId>& nodes) {
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
}

bool has(const std::vector<NodeId>& nodes, NodeId id) {
  return std::binary_search(nodes.begin(), nodes.end(), id);
}

std::vector<NodeId> nodes_of(const std::vector<FaultRecord>& records, bool open_only) {
  std::vector<NodeId> nodes;
  for (const auto& record : records) {
    if (open_only && !is_open(record.view.state)) continue;
    if (record.view.node_id) nodes.push_back(*record.view.node_id);
  }
  sort_once(nodes);
  return nodes;
}

bool is_down(ContainerState state) {
  return state == ContainerState::exited || state == ContainerState::paused ||
         state == ContainerState::restarting || state == ContainerState::removed;
}

/// The most that an open fault's plan foretold, with what was lost before it.
std::int64_t foretold(const std::vector<FaultRecord>& records) {
  std::int64_t most = 0;
  for (const auto& record : records) {
    if (!is_open(record.view.state) || !record.plan || !record.plan->quorum_lost) continue;
    most = std::max(most, *record.plan->quorum_lost + record.plan->quorum_lost_already.value_or(0));
  }
  return most;
}

/// "n3", "n3 and n4", "n3, n4 and n5".
std::string names(const std::vector<NodeId>& nodes) {
  std::string text;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i > 0) text += i + 1 == nodes.size() ? " and " : ", ";
    text += "n" + std::to_string(nodes[i].value);
  }
  return text;
}

std::string cost(std::int64_t ranges) {
  return ranges == 1 ? "1 range its quorum" : std::to_string(ranges) + " ranges their quorum";
}

}  // namespace

bool was_judged_safe(const FaultRecord& record) {
  return record.plan && record.plan->quorum_lost == 0 && record.plan->quorum_lost_already;
}

void Vigil::step() {
  const auto records = ledger_.records_since(clock_.now().wall - kComingBack);
  const bool any_open = std::any_of(records.begin(), records.end(),
                                    [](const auto& one) { return is_open(one.view.state); });
  if (!any_open) {
    blind_ = false;
    return;
  }
  const auto sight = sight_.look();
  if (mode_ == GuardMode::enforce) protect(records, sight);
}

void Vigil::protect(const std::vector<FaultRecord>& records, const Result<ClusterSight>& sight) {
  std::vector<FaultRecord> watched;
  for (const auto& record : records) {
    const auto state = record.view.state;
    const bool holds = state == FaultState::queued || state == FaultState::injecting ||
                       state == FaultState::active;
    if (holds && was_judged_safe(record)) watched.push_back(record);
  }
  if (watched.empty()) {
    blind_ = false;
    return;
  }
  const auto others = others_down(records, sight);
  // The runtime tells of the death of a target even while the exporter says nothing.
  const std::string reason = others.empty() ? "" : verdict_on(records, others, sight);
  if (!reason.empty()) {
    for (const auto& record : watched) {
      log_->warn("a fault is undone by the guard fault={} reason={}", record.view.id.value, reason);
      (void)ledger_.request_undo(record.view.id, reason);
    }
    return;
  }
  if (others.empty()) tell_blindness(watched, sight ? "" : sight.error().message);
}

std::vector<NodeId> Vigil::others_down(const std::vector<FaultRecord>& records,
                                       const Result<ClusterSight>& sight) const {
  std::vector<NodeId> down = sight ? sight->down : std::vector<NodeId>{};
  for (const auto& target : board_.targets()) {
    if (target.node_id && is_down(target.state)) down.push_back(*target.node_id);
  }
  sort_once(down);
  const auto ours = nodes_of(records, false);
  std::erase_if(down, [&](NodeId id) { return has(ours, id); });
  return down;
}

/// Why the faults that were let in as safe must end; empty: they need not.
std::string Vigil::verdict_on(const std::vector<FaultRecord>& records,
                              const std::vector<NodeId>& others,
                              const Result<ClusterSight>& sight) {
  auto nodes = nodes_of(records, true);
  nodes.insert(nodes.end(), others.begin(), others.end());
  sort_once(nodes);
  const auto impact = oracle_.ask({nodes, ImpactFault::kill, {}});
  if (impact && impact->valid) {
    tell_blindness(records, "");
    // Whether the cluster has noticed the deaths or not, the sum is the same.
    const auto lost = impact->quorum_lost + impact->quorum_lost_already - foretold(records);
    if (lost <= 0) return "";
    return names(others) + " died, which with this fault would cost " + cost(lost) + ": undone";
  }
  // Once quorum is gone the survivors may tell nothing of the ranges, but the headline does.
  if (sight && sight->verdict == VerdictState::unavailable) {
    return names(others) + " died, and with this fault the cluster is unavailable (" +
           sight->sentence + "): undone";
  }
  tell_blindness(records, names(others) + " died, and what that costs with it is not known: " +
                              (impact ? impact->reason : impact.error().message));
  return "";
}

void Vigil::tell_blindness(const std::vector<FaultRecord>& records, const std::string& why) {
  const bool was_blind = std::exchange(blind_, !why.empty());
  if (was_blind == blind_) return;
  if (!blind_) {
    log_->info("open faults are watched again");
  } else {
    log_->warn("open faults are not watched, they end at their deadlines error={}", why);
  }
  for (const auto& record : records) {
    if (!is_open(record.view.state)) continue;
    feed_.publish(
        {0, clock_.now().wall, ChaosEvent::Kind::fault_state, record.view.target,
         record.view.node_id, record.view.id, std::string{to_string(record.view.state)},
         describe(record.view) +
             (blind_ ? "; not watched, it ends at its deadline: " + why : "; watched again")});
  }
}

void Vigil::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    step();
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, kEvery, [] { return false; });
  }
}

}  // namespace faultline::chaos
