#pragma once

#include <optional>
#include <string>
#include <vector>

namespace faultline::sim::tables {

struct Setting {
  const char* name;
  const char* initial;
  char type;  ///< As the real one says: b, i, f, d, s, m, z.
  bool is_public;
  const char* description;
};

/// The cluster settings that can be asked for and set. The real server has 389; these
/// are the ones that somebody who watches or breaks a cluster uses.
[[nodiscard]] const std::vector<Setting>& settings();
[[nodiscard]] const Setting* find_setting(const std::string& name);

/// Seconds of "1m15s", "90s", "1h", "15s", "2.5s" or "75"; nothing when it is no duration.
[[nodiscard]] std::optional<double> duration_seconds(const std::string& text);
/// "1m15s" as the server prints it.
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace faultline::sim::tables
