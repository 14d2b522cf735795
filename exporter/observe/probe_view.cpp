#include "exporter/observe/probe_view.hpp"

#include <algorithm>

#include "exporter/observe/verdict.hpp"

namespace faultline::observe {

namespace {

bool is_fresh(const NodeProbe& probe, WallTime now) {
  return probe.read_at && now - *probe.read_at <= kProbeAgeMax;
}

/// Empty: through no node was a write tried lately; else whether one worked.
std::optional<bool> writes_work(const sources::ProbePart& part, WallTime now) {
  std::optional<bool> works;
  for (const auto& [id, probe] : part.nodes) {
    const auto& ok = probe.of(ProbeOperation::write).ok;
    if (is_fresh(probe, now) && ok) works = works.value_or(false) || *ok;
  }
  return works;
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
  const auto works = part == nullptr ? std::nullopt : writes_work(*part, now);
  if (!works) {
    const auto& error = readings.probe->health.error;
    opinion.reason = part == nullptr || error.empty() ? "the probe has not written lately" : error;
    return opinion;
  }
  opinion.read_at = part->write_worked_at;
  if (*works) {
    opinion.valid = computed.valid && computed.ranges_unavailable == 0;
    opinion.reason = opinion.valid ? "" : "its own range answers, which says nothing of the others";
    if (opinion.valid) opinion.ranges_unavailable = 0;
    return opinion;
  }
  const auto since = std::max(part->write_worked_at.value_or(WallTime::min()),
                              part->began_at.value_or(WallTime::min()));
  if (now - since < kHold) {
    opinion.reason = "no write is answered just now; it may pass";
    return opinion;
  }
  opinion.valid = true;
  opinion.reason.clear();
  opinion.ranges_unavailable = 1;
  return opinion;
}

}  // namespace faultline::observe
