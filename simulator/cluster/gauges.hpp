#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "simulator/cluster/profile.hpp"
#include "simulator/cluster/types.hpp"

namespace faultline::sim::cluster {

enum class MetricKind : std::uint8_t { gauge, counter, histogram };

struct MetricName {
  const char* name;
  bool per_store;
  MetricKind kind;
};
/// Every metric of the recorded server, in order of name, and those that later releases
/// added or dropped. The model moves a few of them; the rest are there, and 0.
[[nodiscard]] const std::vector<MetricName>& metric_names(const Profile& profile);

/// The numbers a node publishes, of itself (store 0) and of each of its stores. Store
/// gauges are computed every 10 s, like the real ones, and stand still in between; counters
/// and liveness count as they happen.
class Gauges {
 public:
  void set(const std::string& name, StoreNumber store, double value) {
    values_[name][store] = value;
  }
  void add(const std::string& name, StoreNumber store, double amount = 1) {
    values_[name][store] += amount;
  }
  [[nodiscard]] double value(const std::string& name, StoreNumber store) const;
  /// Of the node and all its stores together.
  [[nodiscard]] double sum(const std::string& name) const;

 private:
  std::map<std::string, std::map<StoreNumber, double>> values_;
};

/// What one pass over a store's replicas finds.
struct StoreCount {
  std::int64_t replicas = 0, leaders = 0, leaseholders = 0, epoch_leases = 0, expiration_leases = 0;
  std::int64_t ranges = 0, unavailable = 0, underreplicated = 0, overreplicated = 0;
  std::int64_t bytes = 0;
};

}  // namespace faultline::sim::cluster
