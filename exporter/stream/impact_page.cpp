#include "exporter/stream/impact_page.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "common/wire/impact_json.hpp"
#include "common/wire/json_write.hpp"
#include "exporter/stream/query.hpp"

namespace faultline::stream {

namespace {

/// Sorted, each once. An empty item is no node.
Result<std::vector<NodeId>> read_nodes(const std::string& text, const std::string& field) {
  std::vector<NodeId> nodes;
  std::string_view left = text;
  while (true) {
    const auto item = left.substr(0, left.find(','));
    std::int64_t id = 0;
    const auto* end = item.data() + item.size();
    const auto parsed = std::from_chars(item.data(), end, id);
    if (parsed.ec != std::errc{} || parsed.ptr != end || id < 1) {
      return Error{ErrorCode::invalid,
                   "has \"" + std::string{item} + "\"; use node ids, as 1 or 1,2", field};
    }
    nodes.push_back(NodeId{id});
    if (item.size() == left.size()) break;
    left.remove_prefix(item.size() + 1);
  }
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

Result<std::vector<NodeId>> read_parameter(const Query& query, const std::string& field) {
  const auto text = query.one(field);
  if (!text) return text.error();
  if (!*text) return std::vector<NodeId>{};
  return read_nodes(**text, field);
}

}  // namespace

Result<observe::ImpactQuestion> read_impact_question(std::string_view text) {
  const auto query = Query::parse(text);
  if (!query) return query.error();
  auto nodes = read_parameter(*query, "nodes");
  if (!nodes) return nodes.error();
  if (nodes->empty()) {
    return Error{ErrorCode::invalid, "is missing; say which nodes, as nodes=1,2", "nodes"};
  }
  auto from = read_parameter(*query, "from");
  if (!from) return from.error();
  const auto fault_name = query->one("fault");
  if (!fault_name) return fault_name.error();
  auto fault = from->empty() ? ImpactFault::kill : ImpactFault::partition;
  if (*fault_name) {
    const auto parsed = parse_impact_fault(**fault_name);
    if (!parsed) {
      return Error{ErrorCode::invalid,
                   "is \"" + **fault_name + "\"; use kill, stop, pause, partition or isolate",
                   "fault"};
    }
    fault = *parsed;
  }
  if (!from->empty() && fault != ImpactFault::partition) {
    return Error{ErrorCode::invalid, "goes with fault=partition only", "from"};
  }
  return observe::ImpactQuestion{std::move(nodes).value(), fault, std::move(from).value()};
}

Reply impact_page(const observe::ImpactBasis* basis, std::string_view query, WallTime now) {
  const auto refuse = [](const Error& error) {
    const bool wait = error.code == ErrorCode::unavailable;
    const auto detail = error.field.empty() ? error.message : error.field + " " + error.message;
    Reply reply = problem(wait ? 503 : 400, to_string(error.code), detail);
    if (wait) reply.headers.emplace_back("Retry-After", "1");
    return reply;
  };
  // A question that makes no sense never will, whatever is read later.
  const auto question = read_impact_question(query);
  if (!question) return refuse(question.error());
  if (basis == nullptr) {
    return refuse({ErrorCode::unavailable, "nothing was read from the cluster yet"});
  }
  const auto answer = observe::impact(*basis, *question, now);
  if (!answer) return refuse(answer.error());
  return {.content_type = "application/json", .body = wire::dump(wire::to_json(*answer))};
}

}  // namespace faultline::stream
