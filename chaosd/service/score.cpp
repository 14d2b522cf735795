#include "chaosd/service/score.hpp"

#include <algorithm>

namespace faultline::chaos {

namespace {

milliseconds in_effect(const FaultRecord& record, WallTime now) {
  if (!record.view.active_at) return milliseconds{0};
  return std::max(milliseconds{0}, record.view.ended_at.value_or(now) - *record.view.active_at);
}

std::string seconds(milliseconds time) { return std::to_string(time.count() / 1000) + " s"; }

std::string ranges(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " range" : " ranges");
}

std::string others(const Outcome& outcome) {
  std::string text;
  for (const auto& id : outcome.together_with) text += (text.empty() ? "" : ", ") + id.value;
  return text.empty() ? "" : "; open meanwhile: " + text;
}

}  // namespace

milliseconds unwatched(const FaultRecord& record, WallTime now) {
  const milliseconds watched = record.outcome ? record.outcome->watched : milliseconds{0};
  return std::max(milliseconds{0}, in_effect(record, now) - watched);
}

std::string score(const FaultRecord& record, WallTime now) {
  if (!record.view.active_at) return "";
  if (!record.plan) return "unknown: it was injected without a plan";
  if (!record.plan->quorum_lost) return "unknown: nothing was foretold";
  if (!record.outcome || !record.outcome->ranges_unavailable) {
    return "unknown: the exporter told nothing of the ranges while it was in effect";
  }
  const Outcome& outcome = *record.outcome;
  const std::int64_t seen = *outcome.ranges_unavailable;
  const std::int64_t foretold =
      *record.plan->quorum_lost + record.plan->quorum_lost_already.value_or(0);
  const std::string so_far = is_open(record.view.state) ? " so far" : "";
  const std::string both = ": " + ranges(seen) + " without quorum at the worst, " +
                           std::to_string(foretold) + " foretold" + others(outcome);
  if (seen > foretold) return "worse" + so_far + both;
  const std::string rest = seen == foretold ? "as foretold" : "better";
  if (unwatched(record, now) > kUnwatchedMost) {
    return "unknown: the exporter told of " + seconds(outcome.watched) + " of " +
           seconds(in_effect(record, now)) + "; " + rest + " in these";
  }
  return rest + so_far + (seen == foretold ? "" : both);
}

}  // namespace faultline::chaos
