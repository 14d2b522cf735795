#pragma once

#include "common/cluster/snapshot.hpp"
#include "exporter/observe/readings.hpp"

namespace faultline::observe {

/// What a client experiences through one node, as far as it is young enough. Pure.
[[nodiscard]] NodeProbe probe_of(NodeId id, const Readings& readings, WallTime now);

/// Whether the probe's own range answers, which alone says little about the others: it
/// calls none unavailable only if the descriptors say so as well (`computed`), and one
/// only after no write through any node was answered for the hold time. Pure.
[[nodiscard]] Opinion probe_opinion(const Readings& readings, const Opinion& computed,
                                    WallTime now);

}  // namespace faultline::observe
