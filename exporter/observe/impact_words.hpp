#pragma once

#include <string>
#include <vector>

#include "exporter/observe/impact.hpp"

namespace faultline::observe {

// A forecast in words; pure.

/// "n3".
[[nodiscard]] std::string node_name(NodeId id);
/// "n1", "n1 and n2", "n1, n2 and n3".
[[nodiscard]] std::string node_names(const std::vector<NodeId>& nodes);

/// Empty if the node is one of the cluster, else what follows the parameter's name: which
/// nodes there are.
[[nodiscard]] std::string unknown_node(const ImpactBasis& basis, NodeId id);

/// The headline, from all the other fields.
[[nodiscard]] std::string sentence_of(const Impact& impact);

}  // namespace faultline::observe
