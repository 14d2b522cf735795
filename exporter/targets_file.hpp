#pragma once

#include <map>
#include <string>

#include "common/base/result.hpp"
#include "exporter/cluster_config.hpp"

namespace faultline::exporter {

/// Clusters by the names that /probe?target= knows them by.
using TargetConfigs = std::map<std::string, ClusterConfig>;

/// The file of --targets.file:
///
///   targets:
///     staging:
///       cockroach.sql: [n1:26257, n2:26257]
///       cockroach.certs-dir: certs/staging
///
/// The keys are those flags that speak of one cluster, with the same checks; what is left out
/// is as without the flag. Paths are relative to the folder of `path`; secrets are in files
/// that it names. Fails with `invalid` and one sentence that names file, line and field.
[[nodiscard]] Result<TargetConfigs> read_targets_file(const std::string& path);

/// Each costs threads and memory: a limit that nobody meets by accident.
inline constexpr std::size_t kTargetsMax = 64;

}  // namespace faultline::exporter
