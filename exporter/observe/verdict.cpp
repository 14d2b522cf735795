#include "exporter/observe/verdict.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace faultline::observe {

namespace {

struct Finding {
  VerdictState state = VerdictState::unknown;
  std::string sentence;
};

/// "1 range", "14 ranges".
std::string counted(std::int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// "1 of 3 nodes <verb>s", "2 of 3 nodes <verb>": the verb follows the first number.
std::string of_all(std::int64_t count, std::int64_t all, const std::string& noun,
                   const std::string& singular, const std::string& plural) {
  return std::to_string(count) + " of " + std::to_string(all) + " " + noun +
         (all == 1 ? "" : (noun == "process" ? "es" : "s")) + " " +
         (count == 1 ? singular : plural);
}

std::string answer_text(const VerdictInput& input) {
  return of_all(input.answering, input.expected, "process", "answers", "answer");
}

/// What the processes alone tell, whatever anybody remembers.
std::optional<Finding> from_processes(const VerdictInput& input) {
  if (!input.processes_known || input.answering > 0 || input.expected == 0) return std::nullopt;
  std::string sentence = "Cluster unreachable: " + answer_text(input);
  if (input.silent > 0) {
    sentence += " (" + std::to_string(input.silent) +
                (input.silent == 1 ? " accepts connections and says nothing)"
                                   : " accept connections and say nothing)");
  }
  return Finding{VerdictState::unreachable, sentence};
}

/// Ranges that have lost their quorum, as far as a valid opinion or arithmetic tells.
std::optional<Finding> from_quorum(const VerdictInput& input) {
  const auto up = of_all(input.up_told, input.expected, "node", "is up", "are up");
  if (input.computed.valid && input.computed.ranges_unavailable.value_or(0) > 0) {
    const auto worst = worst_valid(input.native, input.computed, input.probe).value_or(0);
    return Finding{VerdictState::unavailable,
                   counted(worst, "range") + " without quorum: " + up +
                       (input.lost_stores.empty() ? "" : "; " + input.lost_stores)};
  }
  if (input.probe.valid && input.probe.ranges_unavailable.value_or(0) > 0) {
    return Finding{VerdictState::unavailable, counted(*input.probe.ranges_unavailable, "range") +
                                                  " without an answer to the probe"};
  }
  // Without descriptors nobody can say which ranges, but half of the nodes cannot
  // hold a majority of every range.
  const bool majority_gone =
      input.expected > 0 && input.up * 2 <= input.expected && !quorum_on_hold(input);
  if (input.processes_known && majority_gone && !input.computed.valid) {
    const bool answers_differ = input.answering != input.up;
    return Finding{
        VerdictState::unavailable,
        "No quorum: " + of_all(input.answering, input.expected, "node", "answers", "answer") +
            (answers_differ ? ", " + std::to_string(input.up) + " of them live" : "")};
  }
  return std::nullopt;
}

/// A majority answers, but what it says does not fit: hold before crying.
std::optional<Finding> from_doubts(const VerdictInput& input) {
  if (input.denied && !holds(input)) {
    return Finding{VerdictState::unavailable,
                   "Unavailable: " + answer_text(input) +
                       ", and none has been live in its own eyes for a while"};
  }
  if (input.denied) {
    return Finding{VerdictState::settling,
                   "Settling: " + answer_text(input) + ", none is live in its own eyes yet"};
  }
  if (quorum_on_hold(input)) {
    return Finding{VerdictState::settling, "Settling: " + answer_text(input) + ", " +
                                               (input.up == 0 ? "none" : std::to_string(input.up)) +
                                               " of them live for now; it may pass"};
  }
  if (input.perhaps_moved > 0) {
    return Finding{VerdictState::settling, "Settling: " + counted(input.perhaps_moved, "range") +
                                               " had replicas on " + input.departed +
                                               " when last read, before these left; reading anew"};
  }
  if (input.perhaps_lost > 0) {
    return Finding{VerdictState::settling,
                   "Settling: " + counted(input.perhaps_lost, "range") +
                       " had replicas only on nodes that are gone when last read; reading anew"};
  }
  if (input.native_more_since) {
    const auto ranges = counted(input.native.ranges_unavailable.value_or(0), "range");
    if (input.now - *input.native_more_since < kHold) {
      return Finding{VerdictState::settling,
                     "Settling: nodes report " + ranges + " without quorum; it may pass"};
    }
    return Finding{VerdictState::unavailable, ranges + " without quorum, as the nodes report"};
  }
  return std::nullopt;
}

/// Quorum everywhere: is anything missing?
Finding from_health(const VerdictInput& input) {
  const auto under = input.underreplicated.value_or(0);
  const bool missing = input.up < input.expected || under > 0;
  const auto state = missing ? VerdictState::degraded : VerdictState::available;
  if (!input.quorum) {
    return {state, "Available: " + of_all(input.up, input.expected, "node", "is up", "are up")};
  }
  const auto can_lose = input.quorum->can_lose_nodes;
  if (can_lose == 0 && input.expected == 1) {
    return {state, "Available, on the only node of the cluster"};
  }
  if (can_lose == 0) {
    // Also with all nodes up: ranges that are still being copied have too few voters.
    return {VerdictState::degraded, "Available, but one more node lost would take quorum from " +
                                        counted(input.quorum->at_risk, "range")};
  }
  return {state, "Available, can lose " + std::to_string(can_lose) + " more node" +
                     (can_lose == 1 ? "" : "s") +
                     (under > 0 ? "; " + counted(under, "range") + " under-replicated" : "")};
}

Finding find(const VerdictInput& input) {
  if (!input.anything_read) return {VerdictState::unknown, "Nothing read yet"};
  if (auto finding = from_processes(input)) return *finding;
  if (auto finding = from_quorum(input)) return *finding;
  if (auto finding = from_doubts(input)) return *finding;
  if (!input.confirmed) {
    return {VerdictState::unknown, "No node tells about the cluster: " + answer_text(input)};
  }
  auto finding = from_health(input);
  if (!input.cuts.empty()) {
    // Every gauge is green, and clients of both get errors.
    finding.state = VerdictState::degraded;
    finding.sentence += "; " + input.cuts;
  }
  if (!input.lost_stores.empty()) {
    finding.state = VerdictState::degraded;
    finding.sentence += "; " + input.lost_stores;
  }
  return finding;
}

}  // namespace

bool holds(const VerdictInput& input) {
  return input.doubted_since && input.now - *input.doubted_since < kHold;
}

bool quorum_on_hold(const VerdictInput& input) { return input.quorum_doubted && holds(input); }

std::optional<std::int64_t> worst_valid(const Opinion& native, const Opinion& computed,
                                        const Opinion& probe) {
  std::optional<std::int64_t> worst;
  for (const auto* opinion : {&native, &computed, &probe}) {
    if (!opinion->valid || !opinion->ranges_unavailable) continue;
    worst = std::max(worst.value_or(0), *opinion->ranges_unavailable);
  }
  return worst;
}

Verdict judge(const VerdictInput& input, const Verdict* previous) {
  auto finding = find(input);
  Verdict verdict;
  verdict.state = finding.state;
  verdict.sentence = std::move(finding.sentence);
  verdict.since =
      previous != nullptr && previous->state == verdict.state ? previous->since : input.now;
  const bool quorum_everywhere =
      verdict.state == VerdictState::available || verdict.state == VerdictState::degraded;
  if (input.quorum && quorum_everywhere) verdict.can_lose_nodes = input.quorum->can_lose_nodes;
  if (verdict.state == VerdictState::unavailable) verdict.can_lose_nodes = 0;
  verdict.native = input.native;
  verdict.computed = input.computed;
  verdict.probe = input.probe;
  return verdict;
}

}  // namespace faultline::observe
