#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/service/chaos_clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/cluster/impact.hpp"
#include "common/net/http_call.hpp"

namespace faultline::chaos {

/// What the exporter says would happen if these nodes went: its GET /api/v1/impact.
struct Impact {
  bool valid = false;  ///< Else `reason`, and the counts mean nothing.
  std::string reason;
  std::int64_t ranges_total = 0;
  std::optional<std::int64_t> lease_lost;  ///< Empty: some node has not told its leases.
  std::int64_t quorum_lost = 0;            ///< Ranges that have quorum now and would lose it.
  std::int64_t quorum_lost_already = 0;
  std::int64_t under_replicated = 0;
  std::vector<std::string> system_ranges;  ///< Of those that would lose quorum.
  std::optional<std::int64_t> can_lose_nodes_after;
  std::string sentence;
};

/// Reads the exporter's answer. Pure; `upstream` and a sentence when it is none.
[[nodiscard]] Result<Impact> read_impact(std::string_view body);

/// What is imagined: these nodes go, or are cut off from those.
struct ImpactQuestion {
  std::vector<NodeId> nodes;
  ImpactFault fault = ImpactFault::kill;
  std::vector<NodeId> from;  ///< Of a partition; empty: from all others.
  bool operator==(const ImpactQuestion&) const = default;
};

/// Who can say what would happen. May block, for a bounded time; one caller at a time
/// is not asked for. The other implementation is in the tests.
class ImpactOracle {
 public:
  virtual ~ImpactOracle() = default;
  /// An error is: not known, and why.
  [[nodiscard]] virtual Result<Impact> ask(const ImpactQuestion& question) = 0;
};

/// Asks faultline-exporter. One that did not answer is not waited for again for
/// `kRestAfterTimeout`: then every plan says at once that nothing is known. Any thread.
class ExporterImpact final : public ImpactOracle {
 public:
  /// `client` and `clock` outlive this.
  ExporterImpact(std::string exporter, net::HttpClient& client, const ChaosClock& clock)
      : exporter_(std::move(exporter)), client_(client), clock_(clock) {}

  [[nodiscard]] Result<Impact> ask(const ImpactQuestion& question) override;

  static constexpr milliseconds kLimit{500};
  static constexpr milliseconds kRestAfterTimeout{3000};

 private:
  [[nodiscard]] std::optional<Error> resting() const;

  const std::string exporter_;
  net::HttpClient& client_;
  const ChaosClock& clock_;
  mutable std::mutex mutex_;  // Guards what follows; not held while asking.
  std::optional<SteadyTime> silent_until_;
};

}  // namespace faultline::chaos
