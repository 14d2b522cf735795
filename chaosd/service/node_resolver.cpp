#include "chaosd/service/node_resolver.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

/// The node through which most of the liveness records were read.
void mark_gateway(std::vector<NodeAddress>& nodes, const std::map<std::int64_t, int>& witnesses) {
  const auto most =
      std::max_element(witnesses.begin(), witnesses.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == witnesses.end()) return;
  for (auto& node : nodes) node.is_gateway = node.id.value == most->first;
}

}  // namespace

Result<std::vector<NodeAddress>> read_nodes(std::string_view body) {
  const auto document = wire::parse_json(body);
  if (!document) return document.error();
  const Error no_nodes{ErrorCode::upstream, "the exporter's state has no list of nodes", "/nodes"};
  if (!document->is_object()) return no_nodes;
  const auto list = document->find("nodes");
  if (list == document->end() || !list->is_array()) return no_nodes;
  std::vector<NodeAddress> nodes;
  std::map<std::int64_t, int> witnesses;  // How many records each node is the source of.
  for (const auto& item : *list) {
    wire::ObjectReader reader{item, "/nodes/" + std::to_string(nodes.size())};
    NodeAddress node;
    node.id.value = reader.integer("node_id");
    node.address = reader.text("address");
    if (reader.error()) return *reader.error();
    // What only a selection wants is left empty when it is of another type.
    node.locality = wire::ObjectReader{item, ""}.maybe_text("locality").value_or("");
    node.leases = wire::ObjectReader{item, ""}.maybe_integer("leader_ranges");
    if (const auto liveness = item.find("liveness"); liveness != item.end()) {
      if (liveness->is_object()) {
        wire::ObjectReader about{*liveness, "/liveness"};
        node.decommissioned = about.text_or("state", "") == "decommissioned";
        if (const auto witness = about.maybe_integer("witness_node_id")) witnesses[*witness] += 1;
      }
    }
    nodes.push_back(std::move(node));
  }
  mark_gateway(nodes, witnesses);
  return nodes;
}

Result<std::vector<NodeAddress>> NodeResolver::ask() {
  constexpr milliseconds kLimit{2000};
  const auto answer =
      client_.call({exporter_, "GET", "/api/v1/state", {{"Accept", "application/json"}}},
                   clock_.now().steady + kLimit);
  if (!answer) return answer.error();
  if (answer->status != 200) {
    return Error{ErrorCode::upstream, "it answered " + std::to_string(answer->status)};
  }
  return read_nodes(answer->body);
}

void NodeResolver::step() {
  const auto nodes = ask();
  board_.put_nodes(nodes, clock_.now().wall);
}

void NodeResolver::run(const std::stop_token& stop) {
  constexpr milliseconds kWhileUnresolved{1000};
  constexpr milliseconds kAtRest{10'000};
  std::mutex mutex;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    step();
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, board_.has_unresolved() ? kWhileUnresolved : kAtRest,
                   [] { return false; });
  }
}

}  // namespace faultline::chaos
