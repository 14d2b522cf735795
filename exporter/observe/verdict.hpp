#pragma once

#include <optional>
#include <set>
#include <string>

#include "common/cluster/snapshot.hpp"
#include "exporter/observe/quorum.hpp"

namespace faultline::observe {

/// Alarms wait this long for what the cluster may still sort out by itself: after one
/// death the survivors may count no live node for 8 s, after a split the majority may
/// report every range unavailable for one metrics tick of 10 s.
inline constexpr milliseconds kHold{15'000};

/// All that the headline is made of.
struct VerdictInput {
  WallTime now;
  bool anything_read = false;
  bool processes_known = false;  ///< Probes are fresh.
  std::int64_t expected = 0;     ///< Nodes, not decommissioned.
  std::int64_t answering = 0;    ///< Of these, whose process answers.
  std::int64_t silent = 0;       ///< Of these, that accept connections and say nothing.
  std::int64_t up = 0;           ///< Of these, that count as up.
  std::int64_t up_told = 0;      ///< The same with doubts on hold: what people are told.
  bool confirmed = false;        ///< A valid witness, or a node that is ready.
  bool denied = false;           ///< Nodes answer, and not one is live in its own eyes.
  /// Enough processes answer for a quorum, but other nodes call some of them not live.
  bool quorum_doubted = false;
  std::optional<WallTime> doubted_since;  ///< Since when one of the two above; else empty.
  /// Since when the gauges see more ranges without quorum than the descriptors; empty: not so.
  std::optional<WallTime> native_more_since;
  std::optional<Quorum> quorum;  ///< From the descriptors; empty: never read, or not usable.
  /// Ranges that have lost their quorum only by descriptors that are being read anew; see
  /// stale_loss.hpp. Zero: none, or no longer.
  std::int64_t perhaps_lost = 0;
  /// Nodes that have left since the descriptors were read that name them: "n4 and n5"; empty: none.
  std::string departed = {};
  /// Those of them whose replicas count as if they were still up, for they are elsewhere.
  std::set<NodeId> moved = {};
  /// Ranges that have their quorum only if what was on those nodes is elsewhere.
  std::int64_t perhaps_moved = 0;
  /// False while it depends on nodes whose standing is on hold.
  bool underreplicated_known = true;
  std::optional<std::int64_t> underreplicated;
  std::string cuts = {};         ///< Which nodes cannot see each other, in words; empty: none.
  std::string lost_stores = {};  ///< Which stores their live nodes have lost; empty: none.
  Opinion native;
  Opinion computed;
  Opinion probe;
};

/// Whether the doubts are too young for an alarm.
[[nodiscard]] bool holds(const VerdictInput& input);
/// Whether the quorum is in doubt, and the doubt too young for an alarm.
[[nodiscard]] bool quorum_on_hold(const VerdictInput& input);

/// The worst valid opinion's number; empty when none is valid.
[[nodiscard]] std::optional<std::int64_t> worst_valid(const Opinion& native,
                                                      const Opinion& computed,
                                                      const Opinion& probe);

/// State and sentence, with `since` kept from `previous` while the state lasts. Pure.
[[nodiscard]] Verdict judge(const VerdictInput& input, const Verdict* previous);

}  // namespace faultline::observe
