#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace faultline::sim::host {

/// `crdbsim node decommission`: marks the nodes, prints their rows as cockroach does while
/// their replicas go, and marks them decommissioned at the end. `wait` false: only the
/// first of it. Blocks; gives up after half an hour without an end.
[[nodiscard]] Status decommission(const std::string& host, const std::vector<std::int64_t>& nodes,
                                  bool wait);
[[nodiscard]] Status recommission(const std::string& host, const std::vector<std::int64_t>& nodes);
/// `crdbsim node drain`: until the node holds no leases. Its process stays.
[[nodiscard]] Status drain(const std::string& host, std::int64_t node);

}  // namespace faultline::sim::host
