#include "exporter/observe/links.hpp"

#include <algorithm>
#include <cmath>

#include "exporter/observe/impact_words.hpp"

namespace faultline::observe {

namespace {

LinkPair pair_of(NodeId a, NodeId b) { return a < b ? LinkPair{a, b} : LinkPair{b, a}; }

/// A node that has lost all the others that are left, or none.
auto settled(const std::map<NodeId, std::int64_t>& lost) {
  const auto others = static_cast<std::int64_t>(lost.size()) - 1;
  return std::find_if(lost.begin(), lost.end(),
                      [&](const auto& item) { return item.second == others || item.second <= 0; });
}

}  // namespace

std::int64_t peers_lost(std::int64_t good, std::int64_t bad, std::int64_t peers) {
  if (bad <= 0 || peers <= 0) return 0;
  if (good <= 0) return peers;
  // One connection of a peer that is being dialled is no peer lost.
  if (bad == 1) return 0;
  const auto share = static_cast<double>(bad) / static_cast<double>(good + bad);
  const auto lost = std::llround(share * static_cast<double>(peers));
  return std::clamp<std::int64_t>(lost, 1, peers);
}

std::optional<std::vector<LinkPair>> only_explanation(std::map<NodeId, std::int64_t> lost) {
  // Counts that fit one graph only are those of threshold graphs: some node is always
  // joined to all that are left, or to none. Take it away and look again.
  std::vector<LinkPair> pairs;
  while (!lost.empty()) {
    const auto node = settled(lost);
    if (node == lost.end() || node->second < 0) return std::nullopt;
    const auto [id, count] = *node;
    lost.erase(node);
    if (count == 0) continue;
    for (auto& [other, left] : lost) {
      --left;
      pairs.push_back(pair_of(id, other));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

std::optional<std::vector<LinkPair>> between(const std::set<NodeId>& left,
                                             const std::set<NodeId>& right,
                                             const std::map<NodeId, std::int64_t>& lost) {
  const auto all_lost = [&](const std::set<NodeId>& side, std::size_t count) {
    return std::all_of(side.begin(), side.end(), [&](NodeId id) {
      const auto found = lost.find(id);
      return found != lost.end() && found->second == static_cast<std::int64_t>(count);
    });
  };
  const bool fits = !left.empty() && !right.empty() && all_lost(left, right.size()) &&
                    all_lost(right, left.size());
  if (!fits) return std::nullopt;
  std::vector<LinkPair> pairs;
  for (const auto a : left) {
    for (const auto b : right) pairs.push_back(pair_of(a, b));
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

std::string words_for(const std::vector<LinkPair>& pairs) {
  if (pairs.empty()) return {};
  std::map<NodeId, std::set<NodeId>> unseen;
  for (const auto& [a, b] : pairs) {
    unseen[a].insert(b);
    unseen[b].insert(a);
  }
  if (pairs.size() == 1)
    return node_names({pairs[0].first, pairs[0].second}) + " cannot see each other";
  // Whoever misses the same nodes is one side.
  const auto most = std::max_element(
      unseen.begin(), unseen.end(),
      [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  const auto& missed = most->second;
  std::set<NodeId> side;
  for (const auto& [id, misses] : unseen) {
    if (misses == missed) side.insert(id);
  }
  if (side.size() * missed.size() == pairs.size())
    return node_names({side.begin(), side.end()}) + " cannot see " +
           node_names({missed.begin(), missed.end()});
  constexpr std::size_t kNamed = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(pairs.size(), kNamed); ++i) {
    text += (i == 0 ? "" : ", ") + node_names({pairs[i].first, pairs[i].second});
  }
  const auto more = pairs.size() - std::min(pairs.size(), kNamed);
  if (more > 0) text += " and " + std::to_string(more) + " more pairs";
  return text + " cannot see each other";
}

}  // namespace faultline::observe
