#include "simulator/tables/settings.hpp"

#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>

namespace faultline::sim::tables {

namespace {

using cluster::Release;

constexpr const char* kVersionHelp =
    "set the active cluster version in the format '<major>.<minor>'";

const std::vector<Setting>& all_settings() {
  static const std::vector<Setting> kSettings = {
      {"admission.kv.enabled", "true", 'b', true,
       "when true, work performed by the KV layer is subject to admission control"},
      {"admission.kv_slot_adjuster.overload_threshold", "32", 'i', false,
       "when the number of runnable goroutines per CPU is greater than this threshold, the slot "
       "adjuster considers the cpu to be overloaded"},
      {"cluster.organization", "", 's', true, "organization name"},
      {"kv.allocator.load_based_lease_rebalancing.enabled", "true", 'b', true,
       "set to enable rebalancing of range leases based on load and latency"},
      {"kv.replica_circuit_breaker.slow_replication_threshold", "0s", 'd', true,
       "duration after which slow proposals trip the per-Replica circuit breaker (zero duration "
       "disables breakers)",
       Release::v22_1, Release::v22_1},
      {"kv.replica_circuit_breaker.slow_replication_threshold", "1m0s", 'd', true,
       "duration after which slow proposals trip the per-Replica circuit breaker (zero duration "
       "disables breakers)",
       Release::v22_2},
      {"kv.snapshot_rebalance.max_rate", "32 MiB", 'z', true,
       "the rate limit (bytes/sec) to use for rebalance and upreplication snapshots"},
      {"server.child_metrics.enabled", "false", 'b', true,
       "enables the exporting of child metrics, additional prometheus time series with extra "
       "labels"},
      {"server.shutdown.drain_wait", "0s", 'd', true,
       "the amount of time a server waits in an unready state before proceeding with the rest of "
       "the shutdown process"},
      {"server.shutdown.query_wait", "10s", 'd', true,
       "the server will wait for at least this amount of time for active queries to finish"},
      {"server.time_until_store_dead", "5m0s", 'd', true,
       "the time after which if there is no new gossiped information about a store, it is "
       "considered dead"},
      {"server.user_login.timeout", "10s", 'd', true,
       "timeout after which client authentication times out if some system range is unavailable"},
      {"sql.defaults.idle_in_session_timeout", "0s", 'd', true,
       "default value for the idle_in_session_timeout"},
      {"sql.show_ranges_deprecated_behavior.enabled", "true", 'b', true,
       "if set, SHOW RANGES and crdb_internal.ranges{_no_leases} behave with deprecated "
       "pre-v23.1 semantics",
       Release::v23_1, Release::v23_1},
      {"sql.stats.automatic_collection.enabled", "true", 'b', true,
       "automatic statistics collection mode"},
      {"version", "21.2-62", 'm', true, kVersionHelp, Release::v22_1, Release::v22_1},
      {"version", "22.2", 'm', true, kVersionHelp, Release::v22_2, Release::v22_2},
      {"version", "23.1", 'm', true, kVersionHelp, Release::v23_1, Release::v23_1},
      {"version", "24.3", 'm', true, kVersionHelp, Release::v24_3, Release::v24_3},
      {"version", "25.2", 'm', true, kVersionHelp, Release::v25_2, Release::v25_2},
      {"version", "25.4", 'm', true, kVersionHelp, Release::v25_4, Release::v25_4},
      {"version", "26.1", 'm', true, kVersionHelp, Release::v26_1, Release::v26_1},
  };
  return kSettings;
}

}  // namespace

const std::vector<const Setting*>& settings(const cluster::Profile& profile) {
  static const std::vector<std::vector<const Setting*>> kByRelease = [] {
    std::vector<std::vector<const Setting*>> made;
    for (const cluster::Profile& each : cluster::profiles()) {
      made.emplace_back();
      for (const Setting& setting : all_settings()) {
        const bool has = each.since(setting.first) && each.release <= setting.last;
        if (has) made.back().push_back(&setting);
      }
    }
    return made;
  }();
  return kByRelease[static_cast<std::size_t>(profile.release)];
}

const Setting* find_setting(const cluster::Profile& profile, const std::string& name) {
  for (const Setting* setting : settings(profile)) {
    if (name == setting->name) return setting;
  }
  return nullptr;
}

sql::Row setting_row(const cluster::Profile& profile, const Setting& setting,
                     const std::string& value, bool overridden) {
  const bool wide = profile.since(Release::v25_2);
  sql::Row row = {std::string(setting.name), value, std::string(1, setting.type),
                  setting.is_public};
  if (wide) {
    row.emplace_back(false);  // sensitive
    row.emplace_back(true);   // reportable
  }
  row.emplace_back(std::string(setting.description));
  if (profile.since(Release::v24_3)) {
    row.emplace_back(std::string(setting.initial));
    row.emplace_back(std::string(overridden ? "override" : "default"));
  }
  if (wide) row.emplace_back(std::string(setting.name));  // key
  return row;
}

std::optional<double> duration_seconds(const std::string& text) {
  constexpr std::array<std::pair<const char*, double>, 6> kUnits = {
      {{"ms", 0.001}, {"us", 1e-6}, {"ns", 1e-9}, {"h", 3600}, {"m", 60}, {"s", 1}}};
  double total = 0;
  const char* at = text.c_str();
  if (*at == '\0') return std::nullopt;
  while (*at != '\0') {
    if (*at == ' ' || *at == ':') return std::nullopt;
    char* end = nullptr;
    const double value = std::strtod(at, &end);
    if (end == at || !std::isfinite(value) || value < 0) return std::nullopt;
    double unit = 0;
    for (const auto& [name, seconds] : kUnits) {
      const std::string_view rest(end);
      if (unit == 0 && rest.starts_with(name)) {
        unit = seconds;
        end += std::string_view(name).size();
      }
    }
    if (unit == 0 && *end != '\0') return std::nullopt;
    total += value * (unit == 0 ? 1 : unit);
    at = end;
  }
  return total;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(std::floor(seconds));
  const double fraction = seconds - static_cast<double>(whole);
  std::string out;
  if (whole >= 3600) out += std::to_string(whole / 3600) + "h";
  if (whole >= 60) out += std::to_string(whole / 60 % 60) + "m";
  std::string tail = std::to_string(whole % 60);
  if (fraction > 0) {
    tail = std::to_string(static_cast<double>(whole % 60) + fraction);
    while (tail.ends_with('0')) tail.pop_back();
  }
  return out + tail + "s";
}

}  // namespace faultline::sim::tables
