#include "exporter/observe/liveness_state.hpp"

#include <algorithm>
#include <set>

#include "common/base/ensure.hpp"
#include "exporter/sources/server_version.hpp"

namespace faultline::observe {

namespace {

std::string seconds_text(milliseconds duration) {
  const auto seconds = duration.count() / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  return std::to_string(seconds / 60) + " min";
}

std::string expired_text(milliseconds ago) {
  if (ago < milliseconds{1000}) return "its liveness record has just expired";
  return "its liveness record expired " + seconds_text(ago) + " ago";
}

std::string holds_text(milliseconds left) {
  if (left < milliseconds{1000}) return "its record is about to expire";
  return "its record holds for another " + seconds_text(left);
}

/// Live is best; what needs a look is worse.
int badness(Liveness state) {
  switch (state) {
    case Liveness::live: return 0;
    case Liveness::decommissioning: return 1;
    case Liveness::draining: return 2;
    case Liveness::decommissioned: return 3;
    case Liveness::suspect: return 4;
    case Liveness::dead: return 5;
    case Liveness::unknown: return 6;
  }
  FAULTLINE_ENSURE(false, "every liveness has its badness");
}

NodeLiveness unknown_because(std::string reason) {
  NodeLiveness liveness;
  liveness.reason = std::move(reason);
  return liveness;
}

}  // namespace

NodeLiveness liveness_of(const sources::GossipRow& row, const Witness& witness,
                         milliseconds time_until_store_dead) {
  const auto now = witness.view->database_now;
  NodeLiveness liveness;
  liveness.epoch = row.epoch;
  liveness.expires_at = row.expires_at;
  liveness.witness = witness.view->witness;
  liveness.read_at = witness.read_at;
  const auto ago = now - row.expires_at;
  const bool alive = ago < milliseconds{0};
  const bool dead = row.epoch > 0 && ago > time_until_store_dead;
  if (row.membership == sources::Membership::decommissioned) {
    liveness.state = alive ? Liveness::decommissioning : Liveness::decommissioned;
  } else if (!alive && !dead) {
    liveness.state = Liveness::suspect;
    liveness.reason = expired_text(ago);
    liveness.next_state = Liveness::dead;
    liveness.next_at = row.expires_at + time_until_store_dead;
  } else if (row.membership == sources::Membership::decommissioning) {
    liveness.state = dead ? Liveness::decommissioned : Liveness::decommissioning;
    if (!dead) {
      liveness.reason = "its replicas are moving to other nodes";
      liveness.next_state = Liveness::decommissioned;
    }
  } else if (dead) {
    liveness.state = Liveness::dead;
    liveness.reason = expired_text(ago);
  } else if (row.is_live == false) {
    liveness.state = Liveness::suspect;
    liveness.reason = "gossip of n" + std::to_string(witness.view->witness.value) +
                      " calls it not live; " + holds_text(-ago);
    liveness.next_state = Liveness::dead;
    liveness.next_at = row.expires_at + time_until_store_dead;
  } else if (row.draining) {
    liveness.state = Liveness::draining;
    liveness.reason = "it is giving its leases and clients away";
  } else {
    liveness.state = Liveness::live;
  }
  return liveness;
}

NodeLiveness judge_liveness(NodeId id, const std::vector<Witness>& witnesses, const SelfView& self,
                            ProcessState process, milliseconds time_until_store_dead) {
  std::optional<NodeLiveness> worst;
  std::set<Liveness> said;
  std::string sayings;
  for (const auto& witness : witnesses) {
    const auto* row = witness.valid ? row_of(*witness.view, id) : nullptr;
    if (row == nullptr) continue;
    auto liveness = liveness_of(*row, witness, time_until_store_dead);
    said.insert(liveness.state);
    sayings += (sayings.empty() ? "n" : ", n") + std::to_string(witness.view->witness.value) +
               " says " + std::string{to_string(liveness.state)};
    if (!worst || badness(liveness.state) > badness(worst->state)) worst = std::move(liveness);
  }
  if (worst && said.size() > 1) worst->disagreement = std::move(sayings);
  if (worst) return *worst;
  if (any_valid(witnesses)) return unknown_because("no witness has a liveness record of it");
  if (self.answers && (self.ready == false || self.live_nodes == 0)) {
    NodeLiveness liveness;
    liveness.state = Liveness::suspect;
    liveness.reason = "it is not live in its own eyes";
    return liveness;
  }
  const bool gone = process == ProcessState::unreachable || process == ProcessState::unresponsive;
  for (const auto& witness : witnesses) {
    const auto* row = row_of(*witness.view, id);
    if (row == nullptr || !gone) continue;
    auto liveness = liveness_of(*row, witness, time_until_store_dead);
    if (liveness.state != Liveness::suspect && liveness.state != Liveness::dead) continue;
    liveness.reason += ", as n" + std::to_string(witness.view->witness.value) +
                       " remembers, and its process does not answer";
    return liveness;
  }
  if (witnesses.empty()) return unknown_because("no node tells its gossip");
  return unknown_because("no valid witness: " + witnesses.front().reason);
}

bool is_back(const NodeLiveness& liveness) {
  return liveness.state == Liveness::suspect && liveness.next_state == Liveness::live;
}

void remember_return(NodeLiveness& liveness, const NodeLiveness* before,
                     const std::string& build_tag, milliseconds suspect_for, WallTime now) {
  const auto version = sql::parse_build_tag(build_tag);
  const bool told = liveness.state == Liveness::live && liveness.witness;
  if (!told || before == nullptr || !version || *version < sql::ServerVersion{23, 1, 0}) return;
  // Not a node that only we took for away: it is the cluster that must have missed it.
  const bool missed =
      before->state == Liveness::dead || (before->state == Liveness::suspect && !is_back(*before));
  const bool was_away = missed && before->witness;
  const bool still = is_back(*before) && before->next_at && now < *before->next_at;
  if (!was_away && !still) return;
  liveness.state = Liveness::suspect;
  liveness.next_state = Liveness::live;
  liveness.next_at = still ? *before->next_at : now + suspect_for;
  liveness.reason =
      "it is back, and gets no leases until it has stayed for " + seconds_text(suspect_for);
}

std::optional<bool> is_live_of(NodeId id, const std::vector<Witness>& witnesses) {
  std::optional<bool> is_live;
  for (const auto& witness : witnesses) {
    const auto* row = witness.valid ? row_of(*witness.view, id) : nullptr;
    // A node that gossip has no descriptor of is not live in it.
    if (row != nullptr) is_live = is_live.value_or(true) && row->is_live.value_or(false);
  }
  return is_live;
}

}  // namespace faultline::observe
