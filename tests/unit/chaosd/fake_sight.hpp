#pragma once

#include "chaosd/service/cluster_sight.hpp"

namespace faultline::chaos {

/// Sees what the test wants it to see.
class FakeSight final : public SightSource {
 public:
  [[nodiscard]] Result<ClusterSight> look() override {
    looks += 1;
    return answer;
  }
  static ClusterSight calm() {
    return {VerdictState::degraded, "Available, can lose 0 more nodes", 0, 39, 0, {}};
  }
  static ClusterSight with_down(std::vector<NodeId> nodes) {
    ClusterSight sight = calm();
    sight.down = std::move(nodes);
    return sight;
  }

  Result<ClusterSight> answer = calm();
  int looks = 0;
};

}  // namespace faultline::chaos
