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

/// The most that two looks, one after the other, cover between them.
constexpr milliseconds kSeenMost{2'000};

template <class Id>
bool has(const std::vector<Id>& list, const Id& id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

/// It is open, or nobody has looked since its end.
bool wants_a_look(const FaultRecord& record) {
  const auto& view = record.view;
  if (is_open(view.state)) return true;
  return view.active_at && view.ended_at && !(record.outcome && record.outcome->complete);
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
  if (std::none_of(records.begin(), records.end(), wants_a_look)) {
    blind_ = false;
    looked_at_.reset();
    return;
  }
  const auto sight = sight_.look();
  note_outcomes(records, sight);
  if (mode_ == GuardMode::enforce) protect(records, sight);
}

void Vigil::note_outcomes(const std::vector<FaultRecord>& records,
                          const Result<ClusterSight>& sight) {
  const Now now = clock_.now();
  const auto before = std::exchange(looked_at_, now.steady);
  // What lies between two looks that are far apart nobody has seen.
  const auto gap = before ? std::chrono::duration_cast<milliseconds>(now.steady - *before) : kEvery;
  const auto since = std::min(gap, kSeenMost);
  for (const auto& record : records) {
    if (!record.view.active_at || (record.outcome && record.outcome->complete)) continue;
    Outcome outcome = record.outcome.value_or(Outcome{});
    add_look(outcome, sight, since);
    for (const auto& other : records) {
      if (other.view.id == record.view.id || !is_open(other.view.state)) continue;
      if (!has(outcome.together_with, other.view.id)) {
        outcome.together_with.push_back(other.view.id);
      }
    }
    const bool over = !is_open(record.view.state);
    const bool waited = over && now.wall - *record.view.ended_at > kLastLook;
    outcome.complete = over && (outcome.blind.empty() || waited);
    ledger_.note_outcome(record.view.id, outcome);
  }
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

/// As the plan asked: a cut alone is a cut, and the exporter sees who died by itself; all else
/// is judged as if the nodes went.
ImpactQuestion Vigil::question(const std::vector<FaultRecord>& records,
                               const std::vector<NodeId>& others) const {
  ImpactQuestion kill{nodes_of(records, true), ImpactFault::kill, {}};
  const auto is_cut = [](const FaultRecord& record) {
    return record.view.kind == FaultKind::net_partition || !is_open(record.view.state);
  };
  if (kill.nodes.size() == 1 && std::all_of(records.begin(), records.end(), is_cut)) {
    ImpactQuestion cut{kill.nodes, ImpactFault::partition, {}};
    bool known = true;
    for (const auto& record : records) {
      if (!is_open(record.view.state)) continue;
      for (const auto& peer : record.params.peers) {
        const auto node = board_.node_of_target(peer.name);
        known = known && node;
        if (node) cut.from.push_back(*node);
      }
    }
    sort_once(cut.from);
    if (known && !cut.from.empty()) return cut;
  }
  kill.nodes.insert(kill.nodes.end(), others.begin(), others.end());
  sort_once(kill.nodes);
  return kill;
}

/// Why the faults that were let in as safe must end; empty: they need not.
std::string Vigil::verdict_on(const std::vector<FaultRecord>& records,
                              const std::vector<NodeId>& others,
                              const Result<ClusterSight>& sight) {
  const auto impact = oracle_.ask(question(records, others));
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
