#include "exporter/observe/connectivity.hpp"

#include <algorithm>

#include "exporter/observe/links.hpp"
#include "exporter/observe/node_parts.hpp"
#include "exporter/observe/standing.hpp"

namespace faultline::observe {

namespace {

constexpr auto kUnclear = "the connections that are lost do not tell which nodes cannot see which";
constexpr std::size_t kWholeRowsMax = 16;  ///< Nodes; beyond, a row has its troubles only.

bool is_gone(const NodeView& node) { return is_expected(node) && !may_be_up(node); }

using NodeStatuses = std::map<NodeId, const sources::NodeStatus*>;

struct Told {
  std::map<NodeId, std::int64_t> lost;  ///< Of peers that answer us, by those that told.
  std::set<LinkPair> named;             ///< Pairs that a node named itself.
  std::string missing;                  ///< Who has not told.
};

/// What each node says, into its row; together without those that are gone for us too.
Told hear(ClusterSnapshot& snapshot, const Readings& readings) {
  Told told;
  const auto& nodes = snapshot.nodes;
  const auto peers = std::count_if(nodes.begin(), nodes.end(), is_expected) - 1;
  const auto gone = std::count_if(nodes.begin(), nodes.end(), is_gone);
  for (auto& node : snapshot.nodes) {
    if (!is_expected(node) || is_gone(node)) continue;  // Nobody dials one that has left.
    const auto* page = page_of(node.id, readings, snapshot.at);
    if (page == nullptr || !page->vars->connections_good || !page->vars->connections_bad) {
      if (told.missing.empty()) {
        told.missing = "n" + std::to_string(node.id.value) + " has not told of its connections";
      }
      continue;
    }
    const auto& vars = *page->vars;
    const auto lost = vars.bad_by_peer.empty()
                          ? peers_lost(*vars.connections_good, *vars.connections_bad, peers)
                          : std::count_if(vars.bad_by_peer.begin(), vars.bad_by_peer.end(),
                                          [](const auto& item) { return item.second > 0; });
    node.connectivity.peers_lost = lost;
    node.connectivity.source = page->http.empty() ? "node_metrics" : "/_status/vars";
    node.connectivity.read_at = page->read_at;
    // Peers that are gone for us too: some nodes go on dialling them, others do not (recorded:
    // of two survivors one counted its dead peer), so that they may be in the count or not.
    told.lost[node.id] = std::max<std::int64_t>(lost - gone, 0);
    for (const auto& [peer, bad] : vars.bad_by_peer) {
      if (bad > 0) told.named.insert(std::minmax(node.id, peer));
    }
  }
  return told;
}

/// The pairs that the counts mean, if that is clear.
std::optional<std::vector<LinkPair>> explain(const Told& told, const ClusterSnapshot& snapshot) {
  if (auto pairs = only_explanation(told.lost)) return pairs;
  // A split: those that are live against those that are not.
  std::set<NodeId> live;
  std::set<NodeId> not_live;
  for (const auto& node : snapshot.nodes) {
    if (is_gone(node) || !told.lost.contains(node.id)) continue;
    (node.liveness.state == Liveness::suspect || node.liveness.state == Liveness::dead ? not_live
                                                                                       : live)
        .insert(node.id);
  }
  return between(not_live, live, told.lost);
}

const NodeView* node_of(const ClusterSnapshot& snapshot, NodeId id) {
  const auto found = std::find_if(snapshot.nodes.begin(), snapshot.nodes.end(),
                                  [&](const NodeView& node) { return node.id == id; });
  return found == snapshot.nodes.end() ? nullptr : &*found;
}

WallTime since_when(const LinkPair& pair, const ClusterSnapshot* before, WallTime now) {
  if (before == nullptr) return now;
  for (const auto& cut : before->connectivity.cuts) {
    if (cut.a == pair.first && cut.b == pair.second) return cut.since;
  }
  return now;
}

void fill_row(NodeView& node, const ClusterSnapshot& snapshot, const NodeStatuses& statuses,
              const std::vector<LinkPair>& cuts, bool clear) {
  const bool whole = snapshot.nodes.size() <= kWholeRowsMax;
  for (const auto& peer : snapshot.nodes) {
    if (peer.id == node.id || !is_expected(peer)) continue;
    const LinkPair pair = std::minmax(node.id, peer.id);
    PeerLink link{peer.id, LinkState::unknown, {}};
    if (is_gone(peer)) {
      link.state = LinkState::down;
    } else if (std::find(cuts.begin(), cuts.end(), pair) != cuts.end()) {
      link.state = LinkState::cut;
    } else if (node.connectivity.peers_lost && (clear || *node.connectivity.peers_lost == 0)) {
      link.state = LinkState::connected;
    }
    const auto status = statuses.find(node.id);
    if (link.state == LinkState::connected && status != statuses.end()) {
      const auto latency = status->second->latency_ms.find(peer.id);
      if (latency != status->second->latency_ms.end()) link.latency_ms = latency->second;
    }
    if (whole || link.state != LinkState::connected) node.connectivity.peers.push_back(link);
  }
}

/// The cuts that have lasted between nodes that the cluster counts on: a node that is not
/// live is told of as such.
std::string words_of_cuts(const ClusterSnapshot& snapshot) {
  const auto serves = [&](NodeId id) {
    const auto* node = node_of(snapshot, id);
    return node != nullptr && node->liveness.state != Liveness::suspect &&
           node->liveness.state != Liveness::dead;
  };
  std::vector<LinkPair> lasting;
  for (const auto& cut : snapshot.connectivity.cuts) {
    if (snapshot.at - cut.since < kCutHold || !serves(cut.a) || !serves(cut.b)) continue;
    lasting.emplace_back(cut.a, cut.b);
  }
  return words_for(lasting);
}

}  // namespace

void fill_connectivity(ClusterSnapshot& snapshot, const Readings& readings,
                       const ClusterSnapshot* before) {
  const auto told = hear(snapshot, readings);
  std::vector<LinkPair> cuts(told.named.begin(), told.named.end());
  std::erase_if(cuts, [&](const LinkPair& pair) {
    const auto* a = node_of(snapshot, pair.first);
    const auto* b = node_of(snapshot, pair.second);
    return a == nullptr || b == nullptr || is_gone(*a) || is_gone(*b);
  });
  auto& connectivity = snapshot.connectivity;
  connectivity.reason = told.missing;
  bool clear = told.missing.empty();
  if (told.named.empty() && clear) {
    const auto explained = explain(told, snapshot);
    clear = explained.has_value();
    if (explained) cuts = *explained;
    if (!clear) connectivity.reason = kUnclear;
  }
  if (told.lost.empty()) connectivity.reason = "no node has told of its connections";
  connectivity.valid = clear && !told.lost.empty();
  for (const auto& pair : cuts) {
    connectivity.cuts.push_back({pair.first, pair.second, since_when(pair, before, snapshot.at)});
  }
  NodeStatuses statuses;
  if (const auto* part = fresh(readings.kv_status, snapshot.at, kKvStatusAgeMax)) {
    for (const auto& status : part->nodes) statuses.emplace(status.node, &status);
  }
  for (auto& node : snapshot.nodes) fill_row(node, snapshot, statuses, cuts, clear);
  connectivity.sentence = words_of_cuts(snapshot);
}

}  // namespace faultline::observe
