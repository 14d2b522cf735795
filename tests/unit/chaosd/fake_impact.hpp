#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "chaosd/service/impact.hpp"

namespace faultline::chaos {

/// Says what the test wants it to say, and records what it was asked.
class FakeImpact final : public ImpactOracle {
 public:
  [[nodiscard]] Result<Impact> ask(const ImpactQuestion& question) override {
    asked.push_back(question);
    if (while_asked) std::exchange(while_asked, {})();
    return answer;
  }
  /// Only leases move, and some ranges have a replica less.
  static Impact harmless() {
    Impact impact;
    impact.valid = true;
    impact.ranges_total = 65;
    impact.lease_lost = 20;
    impact.under_replicated = 39;
    impact.can_lose_nodes_after = 0;
    impact.sentence = "20 ranges would lose their lease";
    return impact;
  }
  static Impact losing_quorum(std::int64_t ranges = 14) {
    Impact impact = harmless();
    impact.quorum_lost = ranges;
    impact.sentence = "ranges would lose quorum";
    return impact;
  }

  Result<Impact> answer = harmless();
  std::vector<ImpactQuestion> asked;
  std::function<void()> while_asked;  ///< Once, before the next answer.
};

}  // namespace faultline::chaos
