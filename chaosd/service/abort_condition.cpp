#include "chaosd/service/abort_condition.hpp"

namespace faultline::chaos {

namespace {

using Truth = Finding::Truth;

/// 0: not on the scale.
int badness(VerdictState verdict) {
  switch (verdict) {
    case VerdictState::degraded: return 1;
    case VerdictState::unavailable: return 2;
    case VerdictState::unreachable: return 3;
    case VerdictState::available:
    case VerdictState::settling:
    case VerdictState::unknown: return 0;
  }
  FAULTLINE_ENSURE(false, "every verdict is judged");
}

Finding find(const VerdictCondition& condition, const Result<ClusterSight>& sight) {
  if (!sight) return {Truth::unknown, sight.error().message};
  if (sight->verdict == VerdictState::unknown) {
    return {Truth::unknown, "the exporter has no verdict: " + sight->sentence};
  }
  const bool met = badness(sight->verdict) >= badness(condition.verdict);
  return {met ? Truth::yes : Truth::no, "the verdict is " + std::string{to_string(sight->verdict)} +
                                            " (" + sight->sentence + ")"};
}

Finding find(const RangesCondition& condition, const Result<ClusterSight>& sight) {
  if (!sight) return {Truth::unknown, sight.error().message};
  if (!sight->ranges_unavailable) {
    return {Truth::unknown, "the exporter cannot tell how many ranges are unavailable"};
  }
  const auto ranges = *sight->ranges_unavailable;
  return {ranges >= condition.least ? Truth::yes : Truth::no,
          std::to_string(ranges) + (ranges == 1 ? " range is" : " ranges are") + " unavailable"};
}

Finding find(const QueryCondition& condition, const Result<QueryAnswer>& answer) {
  if (!answer) return {Truth::unknown, answer.error().message};
  if (answer->series == 0) return {Truth::no, "the query gives nothing"};
  return {Truth::yes,
          "Prometheus gives " + std::to_string(answer->series) + " series for " + condition.query};
}

std::string numbered(std::size_t index) { return "abort condition " + std::to_string(index + 1); }

}  // namespace

Finding find_out(const AbortCondition& condition, const Result<ClusterSight>& sight,
                 const Result<QueryAnswer>& query) {
  if (const auto* const verdict = std::get_if<VerdictCondition>(&condition.of)) {
    return find(*verdict, sight);
  }
  if (const auto* const ranges = std::get_if<RangesCondition>(&condition.of)) {
    return find(*ranges, sight);
  }
  return find(std::get<QueryCondition>(condition.of), query);
}

std::string AbortWatch::judge(const std::vector<Finding>& findings, SteadyTime now) {
  FAULTLINE_ENSURE(findings.size() == conditions_.size(), "there is a finding for each condition");
  std::string why;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const Finding& finding = findings[i];
    Seen& seen = seen_[i];
    // Not to know does not break what has been the case so far.
    seen.unknown = finding.truth == Truth::unknown ? seen.unknown + 1 : 0;
    if (finding.truth == Truth::no) seen.since.reset();
    if (finding.truth == Truth::yes && !seen.since) seen.since = now;
    if (!why.empty()) continue;
    if (finding.truth == Truth::yes && now - *seen.since >= conditions_[i].hold) {
      why = numbered(i) + " is met: " + finding.sentence;
    } else if (seen.unknown >= kBlindLooks) {
      why = numbered(i) + " cannot be judged: " + finding.sentence;
    }
  }
  return why;
}

std::string AbortWatch::why_not_begin(const std::vector<Finding>& findings) {
  for (std::size_t i = 0; i < findings.size(); ++i) {
    if (findings[i].truth == Truth::no) continue;
    const bool met = findings[i].truth == Truth::yes;
    return numbered(i) + (met ? " is met before anything was done: " : " cannot be judged: ") +
           findings[i].sentence;
  }
  return "";
}

}  // namespace faultline::chaos
