#include "common/wire/impact_json.hpp"

#include "common/wire/json_write.hpp"

namespace faultline::wire {

using nlohmann::json;

namespace {

json ids(const std::vector<NodeId>& nodes) {
  json list = json::array();
  for (const auto node : nodes) list.push_back(node.value);
  return list;
}

json to_json(const RangeImpact& range) {
  return {{"range_id", range.range_id},
          {"name", range.name},
          {"loses", to_string(range.loses)},
          {"voters", range.voters},
          {"left", range.left}};
}

}  // namespace

json to_json(const Impact& impact) {
  json ranges = json::array();
  for (const auto& range : impact.ranges) ranges.push_back(to_json(range));
  const auto age = impact.placement_age ? json(impact.placement_age->count()) : json(nullptr);
  return {{"v", 1},
          {"boot", impact.boot},
          {"at_ms", to_ms(impact.at)},
          {"valid", impact.valid},
          {"reason", impact.reason},
          {"placement_age_ms", age},
          {"nodes", ids(impact.nodes)},
          {"fault", to_string(impact.fault)},
          {"from", ids(impact.from)},
          {"ranges_total", or_null(impact.ranges_total)},
          {"lease_lost", or_null(impact.lease_lost)},
          {"quorum_lost", or_null(impact.quorum_lost)},
          {"quorum_lost_already", or_null(impact.quorum_lost_already)},
          {"under_replicated", or_null(impact.under_replicated)},
          {"system_ranges", impact.system_ranges},
          {"ranges", std::move(ranges)},
          {"truncated", impact.truncated},
          {"can_lose_nodes_after", or_null(impact.can_lose_nodes_after)},
          {"sentence", impact.sentence}};
}

}  // namespace faultline::wire
