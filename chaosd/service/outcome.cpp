#include "chaosd/service/outcome.hpp"

#include <algorithm>
#include <tuple>

namespace faultline::chaos {

namespace {

/// One extreme of both; what is not known changes nothing.
template <class Choose>
void take(std::optional<std::int64_t>& kept, const std::optional<std::int64_t>& seen,
          Choose choose) {
  if (seen) kept = kept ? choose(*kept, *seen) : *seen;
}

}  // namespace

void add_look(Outcome& outcome, const Result<ClusterSight>& sight, milliseconds since) {
  if (!sight || sight->verdict == VerdictState::unknown) {
    outcome.blind = sight ? sight->sentence : sight.error().message;
    return;
  }
  outcome.blind.clear();
  outcome.watched += since;
  auto& verdicts = outcome.verdicts;
  if (std::find(verdicts.begin(), verdicts.end(), sight->verdict) == verdicts.end()) {
    verdicts.push_back(sight->verdict);
  }
  if (sight->verdict == VerdictState::settling) return;
  const auto most = [](std::int64_t a, std::int64_t b) { return std::max(a, b); };
  take(outcome.ranges_unavailable, sight->ranges_unavailable, most);
  take(outcome.under_replicated, sight->under_replicated, most);
  take(outcome.can_lose_nodes, sight->can_lose_nodes,
       [](std::int64_t a, std::int64_t b) { return std::min(a, b); });
}

bool same_facts(const Outcome& a, const Outcome& b) {
  const auto facts = [](const Outcome& one) {
    return std::tie(one.ranges_unavailable, one.under_replicated, one.can_lose_nodes, one.verdicts,
                    one.blind, one.together_with, one.complete);
  };
  return facts(a) == facts(b);
}

}  // namespace faultline::chaos
