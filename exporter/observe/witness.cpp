#include "exporter/observe/witness.hpp"

#include <algorithm>

namespace faultline::observe {

namespace {

std::string why_not(const sources::GossipView& view, const std::map<NodeId, SelfView>& selves) {
  const std::string name = "n" + std::to_string(view.witness.value);
  if (const auto self = selves.find(view.witness); self != selves.end()) {
    // What it said before it fell silent is younger than our limit and already untrue.
    if (self->second.gone) return name + " does not answer any more";
    if (self->second.ready == false) return name + " is not ready: not live in its own eyes";
    if (self->second.live_nodes == 0) return name + " counts no live node, not even itself";
  }
  const auto* own = row_of(view, view.witness);
  if (own == nullptr) return name + " does not know itself yet";
  if (own->expires_at <= view.database_now) return name + " has let its own record expire";
  return {};
}

}  // namespace

const sources::GossipRow* row_of(const sources::GossipView& view, NodeId id) {
  const auto found = std::find_if(view.rows.begin(), view.rows.end(),
                                  [&](const sources::GossipRow& row) { return row.id == id; });
  return found == view.rows.end() ? nullptr : &*found;
}

std::vector<Witness> judge_witnesses(const Readings& readings,
                                     const std::map<NodeId, SelfView>& selves, WallTime now) {
  std::vector<Witness> witnesses;
  for (const auto* reading : {&readings.gossip, &readings.second_gossip}) {
    const auto* view = fresh(*reading, now, kGossipAgeMax);
    if (view == nullptr) continue;
    auto reason = why_not(*view, selves);
    const bool valid = reason.empty();
    witnesses.push_back({view, *(*reading)->health.read_at, valid, std::move(reason)});
  }
  return witnesses;
}

bool any_valid(const std::vector<Witness>& witnesses) {
  return std::any_of(witnesses.begin(), witnesses.end(),
                     [](const Witness& witness) { return witness.valid; });
}

}  // namespace faultline::observe
