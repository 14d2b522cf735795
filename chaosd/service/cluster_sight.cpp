#include "chaosd/service/cluster_sight.hpp"

#include <algorithm>

#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

/// The text at node[part].state, which an exporter of another version may not have.
std::string state_of(const json& node, const char* part) {
  const auto found = node.find(part);
  if (found == node.end() || !found->is_object()) return "";
  return wire::ObjectReader{*found, ""}.maybe_text("state").value_or("");
}

/// A node that others call dead while its process answers is cut off, maybe by a fault of
/// ours on the other side; it has not died.
bool is_gone(const json& node) {
  const std::string liveness = state_of(node, "liveness");
  const std::string process = state_of(node, "process");
  if (liveness == "decommissioned") return false;
  if (process == "unreachable" || (liveness == "dead" && process != "reachable")) return true;
  const std::string container = state_of(node, "container");
  return container == "exited" || container == "removed" || container == "paused";
}

}  // namespace

Result<ClusterSight> read_sight(std::string_view body) {
  const auto document = wire::parse_json(body);
  const Error no_state{ErrorCode::upstream, "the exporter's answer is no state of a cluster"};
  if (!document || !document->is_object()) return no_state;
  const auto verdict = document->find("verdict");
  const auto nodes = document->find("nodes");
  if (verdict == document->end() || !verdict->is_object() || nodes == document->end() ||
      !nodes->is_array()) {
    return no_state;
  }
  ClusterSight sight;
  wire::ObjectReader headline{*verdict, "/verdict"};
  sight.verdict = parse_enum<VerdictState>(headline.text("state")).value_or(VerdictState::unknown);
  sight.sentence = headline.text_or("sentence", "");
  sight.can_lose_nodes = headline.maybe_integer("can_lose_nodes");
  if (headline.error()) return Error{ErrorCode::upstream, headline.error()->message};
  wire::ObjectReader counts{*document, ""};
  sight.ranges_unavailable = counts.maybe_integer("ranges_unavailable");
  sight.under_replicated = counts.maybe_integer("ranges_underreplicated");
  if (counts.error()) return Error{ErrorCode::upstream, counts.error()->message};
  for (const auto& node : *nodes) {
    wire::ObjectReader reader{node, "/nodes"};
    const NodeId id{reader.integer("node_id")};
    if (reader.error()) return Error{ErrorCode::upstream, reader.error()->message};
    if (is_gone(node)) sight.down.push_back(id);
  }
  std::sort(sight.down.begin(), sight.down.end());
  return sight;
}

Result<ClusterSight> ExporterSight::look() {
  const auto answer =
      client_.call({exporter_, "GET", "/api/v1/state", {{"Accept", "application/json"}}},
                   clock_.now().steady + kLimit);
  if (!answer) {
    return Error{answer.error().code, "the exporter does not answer: " + answer.error().message};
  }
  if (answer->status != 200) {
    return Error{ErrorCode::upstream,
                 "the exporter answered " + std::to_string(answer->status) + " to /api/v1/state"};
  }
  return read_sight(answer->body);
}

}  // namespace faultline::chaos
