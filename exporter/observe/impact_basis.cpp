#include "exporter/observe/impact_basis.hpp"

#include "exporter/observe/standing.hpp"

namespace faultline::observe {

ImpactBasis basis_of(const Readings& readings, const StoreOwners& stores,
                     const std::vector<NodeView>& nodes, const VerdictInput& input) {
  ImpactBasis basis;
  basis.anything_read = input.anything_read;
  basis.who_is_up_known = input.confirmed;
  basis.placement_on = readings.placement.has_value();
  if (readings.placement && readings.placement->part) {
    basis.placement = readings.placement->part;
    basis.placement_read_at = readings.placement->health.read_at;
  }
  basis.placement_age_max = placement_age_max(readings);
  basis.departed = input.departed;
  basis.stores = stores;
  const auto counts = quorum_on_hold(input) ? may_be_up : is_up;
  for (const auto& node : nodes) {
    const bool up = counts(node) || input.moved.contains(node.id);
    basis.nodes.push_back({node.id, is_expected(node), up, node.leader_ranges});
  }
  return basis;
}

}  // namespace faultline::observe
