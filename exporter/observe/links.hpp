#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.hpp"

namespace faultline::observe {

// The arithmetic of who can see whom. All pure.

using LinkPair = std::pair<NodeId, NodeId>;  ///< The smaller id first.

/// How many of `peers` a node has lost, out of its count of good and bad connections: there
/// are two or three for each peer (and one to itself), as many for one as for another.
[[nodiscard]] std::int64_t peers_lost(std::int64_t good, std::int64_t bad, std::int64_t peers);

/// The pairs that explain how many peers each node has lost, if just one set of pairs does
/// (as for one pair, or for one node that lost all): the gauges count, they do not name.
[[nodiscard]] std::optional<std::vector<LinkPair>> only_explanation(
    std::map<NodeId, std::int64_t> lost);

/// Each of `left` with each of `right`, if that is what they have lost.
[[nodiscard]] std::optional<std::vector<LinkPair>> between(
    const std::set<NodeId>& left, const std::set<NodeId>& right,
    const std::map<NodeId, std::int64_t>& lost);

/// "n2 and n4 cannot see each other", "n5 cannot see n1, n2 and n3". Empty for no pairs.
[[nodiscard]] std::string words_for(const std::vector<LinkPair>& pairs);

}  // namespace faultline::observe
