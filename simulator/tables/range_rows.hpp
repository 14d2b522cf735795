#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/tables/virtual_table.hpp"

namespace faultline::sim::tables {

/// Raw bytes of hex digits.
[[nodiscard]] std::string bytes_of(const std::string& hex);
/// Of each replica's node, in the descriptor's order; "" where nobody knows it.
[[nodiscard]] sql::TextArray localities_of(cluster::Node& node, const cluster::Descriptor& range);
/// Of the node whose store it is.
[[nodiscard]] std::string locality_of(cluster::Node& node, const cluster::Descriptor& range,
                                      std::int64_t store);

/// A range's lease as its holder told it, or why nobody did.
struct LeaseAnswer {
  std::int64_t holder = 0;  ///< A store id.
  std::int64_t bytes = 0;
  std::string error;  ///< Only where a release answers per range (25.1 and later).
};

/// Who holds the lease of each, in their order; takes a lease where nobody valid holds it.
/// Until 25.1 one range that cannot answer makes the whole fail or hang; from then on
/// it costs its own wait and has an error.
[[nodiscard]] SqlResult<std::vector<LeaseAnswer>> ask_each_lease(
    cluster::Engine& engine, const cluster::Profile& profile, const Context& context,
    const std::vector<cluster::Descriptor>& descriptors);

}  // namespace faultline::sim::tables
