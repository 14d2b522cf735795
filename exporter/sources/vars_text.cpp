#include "exporter/sources/vars_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "exporter/sources/cells.hpp"

namespace faultline::sources {

namespace {

struct Sample {
  std::string_view name;
  std::string_view labels;  ///< Between the braces.
  std::string_view value;
};

std::optional<Sample> split(std::string_view line) {
  const auto name_end = line.find_first_of("{ ");
  if (name_end == std::string_view::npos) return std::nullopt;
  Sample sample{line.substr(0, name_end), {}, {}};
  auto rest = line.substr(name_end);
  if (rest.front() == '{') {
    // Label values of these metrics are addresses and numbers: no escaped braces.
    const auto close = rest.find("} ");
    if (close == std::string_view::npos) return std::nullopt;
    sample.labels = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
  }
  rest.remove_prefix(1);
  sample.value = rest.substr(0, rest.find(' '));
  return sample;
}

std::string label(std::string_view labels, std::string_view name) {
  const std::string key = std::string{name} + "=\"";
  for (auto at = labels.find(key); at != std::string_view::npos; at = labels.find(key, at + 1)) {
    if (at != 0 && labels[at - 1] != ',') continue;  // The end of a longer name.
    const auto begin = at + key.size();
    const auto end = labels.find('"', begin);
    if (end == std::string_view::npos) return {};
    return std::string{labels.substr(begin, end - begin)};
  }
  return {};
}

std::optional<std::int64_t> count_of(std::string_view text) {
  const std::string owned{text};
  char* end = nullptr;
  const double value = std::strtod(owned.c_str(), &end);
  if (end == owned.c_str() || *end != '\0' || !std::isfinite(value)) return std::nullopt;
  if (value < 0 || value > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(value));
}

struct Wanted {
  std::string_view name;
  std::optional<std::int64_t> NodeVars::*field;
};

constexpr std::array<Wanted, 10> kWanted{{
    {"liveness_livenodes", &NodeVars::live_nodes},
    {"ranges", &NodeVars::ranges},
    {"ranges_unavailable", &NodeVars::ranges_unavailable},
    {"ranges_underreplicated", &NodeVars::ranges_underreplicated},
    {"replicas", &NodeVars::replicas},
    {"replicas_leaseholders", &NodeVars::leaseholders},
    {"rpc_heartbeats_nominal", &NodeVars::connections_good},
    {"rpc_heartbeats_initializing", &NodeVars::connections_bad},
    {"rpc_connection_healthy", &NodeVars::connections_good},
    {"rpc_connection_unhealthy", &NodeVars::connections_bad},
}};

/// A child of a gauge that is also there as a whole, about one peer.
bool take_child(const Sample& sample, NodeVars& vars) {
  const auto peer = label(sample.labels, "remote_node_id");
  if (peer.empty()) return false;
  const auto id = parse_integer(peer);
  const auto count = count_of(sample.value);
  if (id && *id >= 1 && count && sample.name == "rpc_connection_unhealthy") {
    vars.bad_by_peer[NodeId{*id}] += *count;
  }
  return true;
}

void take(const Sample& sample, NodeVars& vars) {
  if (sample.name == "node_id") {
    if (const auto id = count_of(sample.value); id && *id >= 1) vars.node_id = NodeId{*id};
    vars.advertise_address = label(sample.labels, "advertise_addr");
    vars.sql_address = label(sample.labels, "sql_addr");
    vars.http_address = label(sample.labels, "http_addr");
    return;
  }
  if (take_child(sample, vars)) return;
  const auto store = parse_integer(label(sample.labels, "store"));
  add_gauge(vars, sample.name, store ? std::optional{StoreId{*store}} : std::nullopt, sample.value);
}

}  // namespace

bool add_gauge(NodeVars& vars, std::string_view name, std::optional<StoreId> store,
               std::string_view value) {
  const auto wanted = std::find_if(kWanted.begin(), kWanted.end(),
                                   [&](const Wanted& item) { return item.name == name; });
  if (wanted == kWanted.end()) return false;
  const auto count = count_of(value);
  if (!count) return true;
  auto& field = vars.*wanted->field;
  field = field.value_or(0) + *count;
  const auto& stores = vars.stores;
  if (store && std::find(stores.begin(), stores.end(), *store) == stores.end()) {
    vars.stores.push_back(*store);
  }
  return true;
}

Result<NodeVars> parse_vars(std::string_view page) {
  NodeVars vars;
  while (!page.empty()) {
    const auto end = std::min(page.find('\n'), page.size());
    const auto line = page.substr(0, end);
    page.remove_prefix(std::min(end + 1, page.size()));
    const bool interesting = line.starts_with("ranges") || line.starts_with("replicas") ||
                             line.starts_with("liveness_livenodes") ||
                             line.starts_with("rpc_heartbeats_") ||
                             line.starts_with("rpc_connection_") || line.starts_with("node_id{");
    if (!interesting) continue;
    if (const auto sample = split(line)) take(*sample, vars);
  }
  if (!vars.node_id) {
    return Error{ErrorCode::upstream,
                 "the page has no node_id gauge: not a CockroachDB node, or "
                 "one that has not joined its cluster yet"};
  }
  return vars;
}

}  // namespace faultline::sources
