#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/cluster/profile.hpp"
#include "simulator/sql/catalog.hpp"

namespace faultline::sim::tables {

struct Setting {
  const char* name;
  const char* initial;
  char type;  ///< As the real one says: b, i, f, d, s, m, z.
  bool is_public;
  const char* description;
  cluster::Release first = cluster::Release::v22_1;  ///< The profiles that have it so.
  cluster::Release last = cluster::Release::v26_1;
};

/// The cluster settings that can be asked for and set. The real server has 389; these
/// are the ones that somebody who watches or breaks a cluster uses.
[[nodiscard]] const std::vector<const Setting*>& settings(const cluster::Profile& profile);
[[nodiscard]] const Setting* find_setting(const cluster::Profile& profile, const std::string& name);

/// The row of crdb_internal.cluster_settings, as wide as that release has it.
[[nodiscard]] sql::Row setting_row(const cluster::Profile& profile, const Setting& setting,
                                   const std::string& value, bool overridden);

/// Seconds of "1m15s", "90s", "1h", "15s", "2.5s" or "75"; nothing when it is no duration.
[[nodiscard]] std::optional<double> duration_seconds(const std::string& text);
/// "1m15s" as the server prints it.
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace faultline::sim::tables
