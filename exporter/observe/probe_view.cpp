#include "exporter/observe/probe_view.hpp"

#include <algorithm>

#include "exporter/observe/verdict.hpp"

namespace faultline::observe {

namespace {

bool is_fresh(const NodeProbe& probe, WallTime now) {
  return probe.read_at && now - *probe.read_at <= kProbeAgeMax;
}

struct Writes {
  std::optional<bool> work;  ///< Empty: none was tried lately, or what failed says nothing.
  std::string hindrance;     ///< Of one that says nothing.
};

/// One that works settles it. Silence of all does as well, but not beside a node that was never
/// properly asked: the silent ones may be the few that are down.
Writes look_at_writes(const sources::ProbePart& part, WallTime now) {
  Writes writes;
  for (const auto& [id, probe] : part.nodes) {
    const auto& ok = probe.of(ProbeOperation::write).ok;
    if (!is_fresh(probe, now) || !ok) continue;
    if (*ok) return {true, ""};
    writes.work = false;
    if (!probe.hindrance.empty()) writes.hindrance = probe.hindrance;
  }
  if (!writes.hindrance.empty()) writes.work.reset();
  return writes;
}

}  // namespace

NodeProbe probe_of(NodeId id, const Readings& readings, WallTime now) {
  NodeProbe unknown;
  if (!readings.probe) return unknown;
  unknown.reason = "not probed yet";
  if (!readings.probe->part) return unknown;
  const auto found = readings.probe->part->nodes.find(id);
  if (found == readings.probe->part->nodes.end()) return unknown;
  auto probe = found->second;
  if (!is_fresh(probe, now)) {
    probe.valid = false;
    probe.reason = "its last round is too old";
  }
  return probe;
}

Opinion probe_opinion(const Readings& readings, const Opinion& computed, WallTime now) {
  Opinion opinion;
  opinion.reason = "the probe is off";
  if (!readings.probe) return opinion;
  const auto* part = readings.probe->part.get();
  const auto writes = part == nullptr ? Writes{} : look_at_writes(*part, now);
  if (!writes.work) {
    const auto& error = readings.probe->health.error;
    opinion.reason = !writes.hindrance.empty() ? "the probe cannot write: " + writes.hindrance
                     : part == nullptr || error.empty() ? "the probe has not written lately"
                                                        : error;
    return opinion;
  }
  opinion.read_at = part->write_worked_at;
  if (*writes.work) {
    opinion.valid = computed.valid && computed.ranges_unavailable == 0;
    opinion.reason = opinion.valid ? "" : "its own range answers, which says nothing of the others";
    if (opinion.valid) opinion.ranges_unavailable = 0;
    return opinion;
  }
  const auto since = std::max(part->write_worked_at, part->telling_since);  // Empty is least.
  if (!since || !part->telling_since || now - *since < kHold) {
    opinion.reason = "no write is answered just now; it may pass";
    return opinion;
  }
  opinion.valid = true;
  opinion.reason.clear();
  opinion.ranges_unavailable = 1;
  return opinion;
}

}  // namespace faultline::observe
