#include "common/wire/activity_json.hpp"

#include <charconv>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "common/wire/json_read.hpp"

namespace faultline::wire {

Result<std::map<NodeId, double>> read_peer_latencies(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return document.error();
  if (!document->is_object()) return Error{ErrorCode::invalid, "activity must be an object"};
  std::map<NodeId, double> latencies;
  for (const auto& [peer, value] : document->items()) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(peer.data(), peer.data() + peer.size(), id);
    if (error != std::errc{} || end != peer.data() + peer.size() || id < 1) continue;
    if (!value.is_object()) continue;
    const auto latency = value.find("latency");
    if (latency == value.end() || !latency->is_number()) continue;
    const auto nanoseconds = latency->get<double>();
    if (nanoseconds > 0) latencies.emplace(NodeId{id}, nanoseconds / 1e6);
  }
  return latencies;
}

}  // namespace faultline::wire
