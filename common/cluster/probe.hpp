#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.hpp"

namespace faultline {

/// What the probe does through each node, in this order.
enum class ProbeOperation : std::uint8_t { select, write, read };
inline constexpr std::size_t kProbeOperations = 3;

[[nodiscard]] std::string_view to_string(ProbeOperation value);

/// Seconds; the last bucket is without limit.
inline constexpr std::array kProbeBuckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                          0.1,   0.25,   0.5,   1.0,  2.5};

/// One operation through one node, since the exporter's start.
struct OperationStats {
  std::optional<bool> ok;                         ///< The last one; empty: never tried.
  std::optional<std::chrono::microseconds> took;  ///< The last that worked.
  std::int64_t worked = 0;
  std::int64_t failed = 0;                                       ///< Those not even sent included.
  std::array<std::int64_t, kProbeBuckets.size() + 1> buckets{};  ///< Of those that worked.
  double seconds_sum = 0;                                        ///< The same.
};

/// What a client experiences through one node.
struct NodeProbe {
  bool valid = false;
  std::string reason = "the probe is off";  ///< Why not valid, or what the last failure said.
  std::array<OperationStats, kProbeOperations> operations{};
  /// Why what failed last says nothing about the cluster, and what would do: no login, no
  /// privilege, no table. Empty: it does, or nothing failed.
  std::string hindrance;
  std::optional<WallTime> failing_since;  ///< Empty while all three work.
  std::optional<WallTime> read_at;        ///< End of the last round.

  [[nodiscard]] const OperationStats& of(ProbeOperation operation) const {
    return operations.at(static_cast<std::size_t>(operation));
  }
};

/// What became of the writes, since the exporter's start. Of the ambiguous ones more than the three
/// below them: some are not looked for, and stay unknown.
struct LedgerCounts {
  std::int64_t acknowledged = 0;  ///< The database said yes.
  std::int64_t refused = 0;       ///< It said no.
  std::int64_t ambiguous = 0;     ///< It did not say.
  std::int64_t landed = 0;        ///< Read back later.
  std::int64_t absent = 0;        ///< Still not there after the watch.
  std::int64_t unresolved = 0;    ///< Not known yet.
  std::int64_t lost = 0;          ///< Acknowledged and then not found: must be 0.
  std::int64_t phantom = 0;       ///< Refused and found all the same.
  bool operator==(const LedgerCounts&) const = default;
};

}  // namespace faultline
