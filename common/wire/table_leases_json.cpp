#include "common/wire/table_leases_json.hpp"

#include <array>

#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::wire {

using nlohmann::json;
using State = TableLeases::State;

namespace {

constexpr std::array<std::string_view, 3> kStates{"reading", "known", "unknown"};

std::optional<State> parse_state(std::string_view text) {
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    if (kStates[i] == text) return static_cast<State>(i);
  }
  return std::nullopt;
}

}  // namespace

json to_json(const TableLeases& leases) {
  const bool known = leases.state == State::known;
  json nodes = json::array();
  for (const auto& holder : leases.holders) {
    nodes.push_back({{"node_id", holder.node.value}, {"leases", holder.leases}});
  }
  return {{"v", 1},
          {"table", leases.table},
          {"state", kStates[static_cast<std::size_t>(leases.state)]},
          {"reason", leases.reason},
          {"read_at_ms", or_null(leases.read_at)},
          {"ranges", known ? json(leases.ranges) : json(nullptr)},
          {"nodes", nodes}};
}

Result<TableLeases> read_table_leases(std::string_view body) {
  const Error no_answer{ErrorCode::upstream, "the exporter's answer names no leaseholders"};
  const auto document = parse_json(body);
  if (!document || !document->is_object()) return no_answer;
  ObjectReader reader{*document, ""};
  TableLeases leases;
  leases.table = reader.text("table");
  leases.state = reader.choice<State>("state", parse_state, "reading, known or unknown");
  leases.reason = reader.text_or("reason", "");
  leases.read_at = reader.maybe_time("read_at_ms");
  leases.ranges = reader.maybe_integer("ranges").value_or(0);
  if (reader.error()) return Error{ErrorCode::upstream, reader.error()->message};
  const auto nodes = document->find("nodes");
  if (nodes == document->end() || !nodes->is_array()) return no_answer;
  for (const auto& node : *nodes) {
    ObjectReader one{node, "/nodes"};
    leases.holders.push_back({NodeId{one.integer("node_id")}, one.integer("leases")});
    if (one.error()) return Error{ErrorCode::upstream, one.error()->message};
  }
  return leases;
}

}  // namespace faultline::wire
