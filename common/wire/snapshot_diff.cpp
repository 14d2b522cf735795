#include "common/wire/snapshot_diff.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace faultline::wire {

using nlohmann::json;

namespace {

/// Only objects are looked into: an array is replaced whole. `without` is left out.
json merge_patch(const json& before, const json& after, std::string_view without = {}) {
  json patch = json::object();
  for (const auto& [name, value] : after.items()) {
    if (name == without) continue;
    const auto old = before.find(name);
    if (old == before.end()) {
      patch[name] = value;
    } else if (*old != value) {
      patch[name] = old->is_object() && value.is_object() ? merge_patch(*old, value) : value;
    }
  }
  return patch;
}

void merge(json& into, const json& patch) {
  for (const auto& [name, value] : patch.items()) {
    json& field = into[name];
    if (field.is_object() && value.is_object()) {
      merge(field, value);
    } else {
      field = value;
    }
  }
}

using NodesById = std::map<std::int64_t, const json*>;

NodesById nodes_of(const json& snapshot) {
  NodesById nodes;
  for (const json& node : snapshot.at("nodes")) nodes[node.at("node_id")] = &node;
  return nodes;
}

}  // namespace

json diff_snapshots(const json& before, const json& after) {
  json nodes = json::object();
  json removed = json::array();
  const NodesById old_nodes = nodes_of(before);
  const NodesById new_nodes = nodes_of(after);
  for (const auto& [id, node] : new_nodes) {
    const auto old = old_nodes.find(id);
    if (old == old_nodes.end()) {
      nodes[std::to_string(id)] = *node;
    } else if (*old->second != *node) {
      nodes[std::to_string(id)] = merge_patch(*old->second, *node);
    }
  }
  for (const auto& [id, node] : old_nodes) {
    if (!new_nodes.contains(id)) removed.push_back(id);
  }
  return {{"set", merge_patch(before, after, "nodes")},
          {"nodes", std::move(nodes)},
          {"removed_nodes", removed}};
}

json apply_delta(json before, const json& delta) {
  std::map<std::int64_t, json> nodes;
  for (json& node : before.at("nodes")) {
    const auto id = node.at("node_id").get<std::int64_t>();
    nodes[id] = std::move(node);
  }
  for (const json& id : delta.at("removed_nodes")) nodes.erase(id.get<std::int64_t>());
  for (const auto& [id, patch] : delta.at("nodes").items()) {
    json& node = nodes[std::stoll(id)];
    if (node.is_null()) node = json::object();
    merge(node, patch);
  }
  merge(before, delta.at("set"));
  json list = json::array();
  for (auto& [id, node] : nodes) list.push_back(std::move(node));
  before["nodes"] = std::move(list);
  return before;
}

}  // namespace faultline::wire
