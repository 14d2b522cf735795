#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "chaosd/service/cluster_sight.hpp"
#include "chaosd/service/metric_query.hpp"
#include "common/base/clock.hpp"
#include "common/cluster/states.hpp"

namespace faultline::chaos {

/// The exporter's headline is this, or worse: degraded < unavailable < unreachable.
struct VerdictCondition {
  VerdictState verdict = VerdictState::unavailable;
};
/// At least so many ranges have no quorum, by the exporter's worst valid opinion.
struct RangesCondition {
  std::int64_t least = 1;
};
/// The query gives a vector with something in it, as in an alert rule of Prometheus.
struct QueryCondition {
  std::string query;
};

/// What ends a run of an experiment, once it has been so for `hold`.
struct AbortCondition {
  std::variant<VerdictCondition, RangesCondition, QueryCondition> of;
  std::chrono::seconds hold{0};
};

/// What one look tells of one condition.
struct Finding {
  enum class Truth { no, yes, unknown };
  Truth truth = Truth::unknown;
  std::string sentence;  ///< What is the case, or why it is not known.
};

/// Pure. `query` is the answer to a QueryCondition's query; of the others it is not read.
[[nodiscard]] Finding find_out(const AbortCondition& condition, const Result<ClusterSight>& sight,
                               const Result<QueryAnswer>& query);

/// Judges the conditions of one run, look after look. Not to be able to look is not to be
/// fine: a condition that is unknown for `kBlindLooks` looks in a row ends the run, too.
class AbortWatch {
 public:
  explicit AbortWatch(std::vector<AbortCondition> conditions)
      : conditions_(std::move(conditions)), seen_(conditions_.size()) {}

  /// One finding for each condition. Why the run must end; empty: it need not.
  [[nodiscard]] std::string judge(const std::vector<Finding>& findings, SteadyTime now);
  /// Why a run must not begin: a condition is met already, however long, or is not known.
  [[nodiscard]] static std::string why_not_begin(const std::vector<Finding>& findings);

  static constexpr int kBlindLooks = 10;

 private:
  struct Seen {
    std::optional<SteadyTime> since;  ///< Met without a break.
    int unknown = 0;                  ///< Looks in a row.
  };

  const std::vector<AbortCondition> conditions_;
  std::vector<Seen> seen_;
};

}  // namespace faultline::chaos
