#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chaosd/service/chaos_clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/cluster/states.hpp"
#include "common/net/http_call.hpp"

namespace faultline::chaos {

/// What the exporter's GET /api/v1/state tells of the whole cluster now. An empty
/// optional is unknown, never zero.
struct ClusterSight {
  VerdictState verdict = VerdictState::unknown;
  std::string sentence;
  std::optional<std::int64_t> ranges_unavailable;  ///< By the worst valid opinion.
  std::optional<std::int64_t> under_replicated;
  std::optional<std::int64_t> can_lose_nodes;
  /// Nodes that belong to the cluster and are gone: by their process, their container, or the
  /// cluster's own word if their process does not answer. One that is late is there. By id.
  std::vector<NodeId> down;
};

/// Reads the exporter's answer. Pure; `upstream` and a sentence when it is none.
[[nodiscard]] Result<ClusterSight> read_sight(std::string_view body);

/// Who can say how the cluster is. May block, for a bounded time; called by one thread.
/// The other implementation is in the tests.
class SightSource {
 public:
  virtual ~SightSource() = default;
  /// An error is: not known, and why.
  [[nodiscard]] virtual Result<ClusterSight> look() = 0;
};

/// Asks faultline-exporter.
class ExporterSight final : public SightSource {
 public:
  /// `client` and `clock` outlive this.
  ExporterSight(std::string exporter, net::HttpClient& client, const ChaosClock& clock)
      : exporter_(std::move(exporter)), client_(client), clock_(clock) {}

  [[nodiscard]] Result<ClusterSight> look() override;

  static constexpr milliseconds kLimit{1000};

 private:
  const std::string exporter_;
  net::HttpClient& client_;
  const ChaosClock& clock_;
};

}  // namespace faultline::chaos
