#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "chaosd/service/cluster_sight.hpp"
#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// What the exporter told of the cluster while a fault was in effect, whatever caused it.
/// An empty optional was never told; it is not zero.
struct Outcome {
  std::optional<std::int64_t> ranges_unavailable;  ///< The most that was seen.
  std::optional<std::int64_t> under_replicated;    ///< The most that was seen.
  std::optional<std::int64_t> can_lose_nodes;      ///< The least that was seen.
  std::vector<VerdictState> verdicts;              ///< Each once, in the order of first sight.
  milliseconds watched{0};                         ///< For how long the exporter told.
  std::string blind;                               ///< Why it did not tell last; empty: it did.
  std::vector<FaultId> together_with;              ///< Faults that were open meanwhile.
  bool complete = false;                           ///< Looked at after its end: nothing is added.
};

/// Adds one look, `since` the one before. While the headline is settling the counts are not
/// taken: they may pass. Pure.
void add_look(Outcome& outcome, const Result<ClusterSight>& sight, milliseconds since);

/// The same but for the time that passed.
[[nodiscard]] bool same_facts(const Outcome& a, const Outcome& b);

}  // namespace faultline::chaos
