#include "simulator/fleet/plan.hpp"

#include <algorithm>

#include "simulator/cluster/layout.hpp"

namespace faultline::sim::fleet {
namespace {

constexpr std::int64_t kRangesPerTable = 10'000;

// SplitMix64: well mixed, and the same on every machine.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

std::string four_bytes(std::int64_t value) {
  constexpr const char* kHex = "0123456789abcdef";
  std::string out;
  for (int shift = 28; shift >= 0; shift -= 4) out += kHex[(value >> shift) & 15];
  return out;
}

}  // namespace

std::string address_of(const FleetOptions& options, std::uint16_t first, std::int64_t node) {
  return options.host + ":" + std::to_string(first + node - 1);
}

FleetPlan::FleetPlan(const FleetOptions& options)
    : options_(options),
      system_(cluster::system_ranges()),
      totals_(static_cast<std::size_t>(options.nodes * options.stores_per_node) + 1) {
  for (const cluster::RangeNumber range : {cluster::kMetaRange, cluster::kLivenessRange}) {
    lost_ = lost_ || leaseholder(placement(range)) == 0;
  }
  for (cluster::RangeNumber range = 1; range <= options_.ranges; ++range) count(range);
}

bool FleetPlan::dead(std::int64_t node) const { return node > options_.nodes - options_.dead; }

std::string FleetPlan::locality(std::int64_t node) const {
  return "region=r1,zone=z" + std::to_string((node - 1) % options_.localities + 1);
}

// Distinct nodes, spread over the zones as evenly as that allows.
Placement FleetPlan::placement(cluster::RangeNumber range) const {
  const bool system = range <= static_cast<std::int64_t>(system_.size());
  const std::int64_t factor =
      system && range != cluster::kTimeSeriesRange ? std::int64_t{5} : options_.factor;
  const std::int64_t wanted = std::min(factor, options_.nodes);
  Placement made;
  std::array<std::int64_t, 5> nodes{};
  auto state = static_cast<std::uint64_t>(range);
  for (int tries = 0; static_cast<std::int64_t>(made.count) < wanted; ++tries) {
    state = mixed(state);
    // After many misses step through all of them: there is always one that is not taken.
    const std::int64_t pick =
        tries < 64 ? static_cast<std::int64_t>(state % static_cast<std::uint64_t>(options_.nodes))
                   : tries % options_.nodes;
    bool taken = false;
    std::int64_t in_zone = 0;
    for (std::size_t at = 0; at < made.count; ++at) {
      taken = taken || nodes[at] == pick;
      if (nodes[at] % options_.localities == pick % options_.localities) ++in_zone;
    }
    const std::int64_t in_zone_max = (wanted + options_.localities - 1) / options_.localities;
    if (taken || (tries < 32 && in_zone >= in_zone_max)) continue;
    const auto store = static_cast<std::int64_t>(
        (state >> 32U) % static_cast<std::uint64_t>(options_.stores_per_node));
    nodes[made.count] = pick;
    made.stores[made.count++] = pick + 1 + store * options_.nodes;
  }
  return made;
}

std::int64_t FleetPlan::live_replicas(const Placement& placement) const {
  const auto* end = placement.stores.begin() + placement.count;
  return std::count_if(placement.stores.begin(), end,
                       [this](std::int64_t store) { return !dead(node_of(store)); });
}

std::int64_t FleetPlan::leaseholder(const Placement& placement) const {
  if (live_replicas(placement) * 2 <= static_cast<std::int64_t>(placement.count)) return 0;
  for (std::size_t at = 0; at < placement.count; ++at) {
    if (!dead(node_of(placement.stores[at]))) return placement.stores[at];
  }
  return 0;
}

void FleetPlan::count(cluster::RangeNumber range) {
  const Placement where = placement(range);
  const std::int64_t holder = lost_ ? 0 : leaseholder(where);
  std::int64_t counter = holder;  // Else the first live replica.
  for (std::size_t at = 0; at < where.count; ++at) {
    ++totals_[static_cast<std::size_t>(where.stores[at])].replicas;
    if (counter == 0 && !dead(node_of(where.stores[at]))) counter = where.stores[at];
  }
  if (counter == 0 || lost_) return;
  StoreTotals& totals = totals_[static_cast<std::size_t>(counter)];
  const auto size = static_cast<std::int64_t>(where.count);
  const std::int64_t live = live_replicas(where);
  ++totals.ranges;
  if (holder != 0) ++totals.leaseholders;
  if (live * 2 <= size) ++totals.unavailable;
  if (live < size) ++totals.underreplicated;
}

cluster::Descriptor FleetPlan::descriptor(cluster::RangeNumber range) const {
  cluster::Descriptor made;
  if (range <= static_cast<std::int64_t>(system_.size())) {
    made = system_[static_cast<std::size_t>(range - 1)];
  } else {
    const std::int64_t index = range - cluster::kFirstUserRange;
    const auto start = [](std::int64_t at, cluster::Descriptor& into, bool end) {
      const std::int64_t table = cluster::kFirstDescriptorId + at / kRangesPerTable;
      const std::int64_t row = at % kRangesPerTable;
      const std::string key =
          row == 0 ? cluster::table_key(table) : cluster::table_key(table) + "89" + four_bytes(row);
      const std::string pretty =
          "/Table/" + std::to_string(table) + (row == 0 ? "" : "/1/" + std::to_string(row));
      (end ? into.end_key : into.start_key) = key;
      (end ? into.end_pretty : into.start_pretty) = pretty;
    };
    start(index, made, false);
    start(index + 1, made, true);
    made.range = range;
    made.table_id = cluster::kFirstDescriptorId + index / kRangesPerTable;
    made.database = "fleet";
    made.table = "t" + std::to_string(made.table_id);
  }
  // The last of the system's ranges ends where the first table begins.
  if (range == static_cast<std::int64_t>(system_.size())) {
    made.end_key = cluster::table_key(cluster::kFirstDescriptorId);
    made.end_pretty = "/Table/" + std::to_string(cluster::kFirstDescriptorId);
  }
  if (range == options_.ranges) {
    made.end_key = "ffff";
    made.end_pretty = "/Max";
  }
  const Placement where = placement(range);
  made.replicas.clear();
  made.stores.clear();
  for (std::size_t at = 0; at < where.count; ++at) {
    made.place(node_of(where.stores[at]), where.stores[at]);
  }
  return made;
}

}  // namespace faultline::sim::fleet
