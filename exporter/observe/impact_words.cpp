#include "exporter/observe/impact_words.hpp"

#include <algorithm>

#include "common/base/ensure.hpp"

namespace faultline::observe {

namespace {

std::string counted(std::int64_t count, const std::string& noun) {
  return (count == 0 ? std::string{"no"} : std::to_string(count)) + " " + noun +
         (count == 1 ? "" : "s");
}

std::string doing(ImpactFault fault) {
  switch (fault) {
    case ImpactFault::kill: return "killing";
    case ImpactFault::stop: return "stopping";
    case ImpactFault::pause: return "pausing";
    case ImpactFault::partition: return "cutting off";
    case ImpactFault::isolate: return "isolating";
  }
  FAULTLINE_ENSURE(false, "every fault has its verb");
}

std::string act(const Impact& impact) {
  return doing(impact.fault) + " " + node_names(impact.nodes) +
         (impact.from.empty() ? "" : " from " + node_names(impact.from));
}

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return text;
}

}  // namespace

std::string node_name(NodeId id) { return "n" + std::to_string(id.value); }

std::string node_names(const std::vector<NodeId>& nodes) {
  std::string text;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i > 0) text += i + 1 == nodes.size() ? " and " : ", ";
    text += node_name(nodes[i]);
  }
  return text;
}

std::string unknown_node(const ImpactBasis& basis, NodeId id) {
  constexpr std::size_t kListed = 20;
  std::vector<NodeId> known;
  for (const auto& node : basis.nodes) {
    if (node.id == id) return "";
    if (known.size() < kListed) known.push_back(node.id);
  }
  return "names " + node_name(id) + ", which the cluster does not have; it has " +
         node_names(known) + (basis.nodes.size() > kListed ? " and more" : "");
}

std::string sentence_of(const Impact& impact) {
  if (!impact.quorum_lost) {
    return "Nobody can tell what " + act(impact) + " would do: " + impact.reason;
  }
  std::string text = act(impact) + " takes quorum from " + counted(*impact.quorum_lost, "range");
  if (!impact.system_ranges.empty()) {
    text += " (";
    for (const auto& name : impact.system_ranges) text += name + ", ";
    text.replace(text.size() - 2, 2, ")");
  }
  const auto& system = impact.system_ranges;
  if (std::find(system.begin(), system.end(), "liveness") != system.end()) {
    text += "; without liveness records the whole cluster stops";
  }
  if (impact.lease_lost) text += "; " + counted(*impact.lease_lost, "lease") + " lost";
  if (*impact.under_replicated > 0) {
    text += "; " + counted(*impact.under_replicated, "range") + " with a replica less";
  }
  if (*impact.quorum_lost_already > 0) {
    text += "; " + counted(*impact.quorum_lost_already, "range") + " without quorum already";
  }
  return impact.valid ? capital(text) : "Not certain (" + impact.reason + "): " + text;
}

}  // namespace faultline::observe
