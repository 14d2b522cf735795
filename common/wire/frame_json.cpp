#include "common/wire/frame_json.hpp"

#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"
#include "common/wire/snapshot_json.hpp"

namespace faultline::wire {

using nlohmann::json;

namespace {

json frame(const FrameHead& head, const char* type) {
  return {{"v", 1}, {"boot", head.boot}, {"seq", head.seq}, {"type", type}};
}

std::optional<ClientRequest> parse_request(std::string_view spelled) {
  if (spelled == "resync") return ClientRequest::resync;
  if (spelled == "ping") return ClientRequest::ping;
  return std::nullopt;
}

}  // namespace

std::string hello_frame(const FrameHead& head, std::string_view server, milliseconds heartbeat) {
  json hello = frame(head, "hello");
  hello["server"] = server;
  hello["heartbeat_ms"] = heartbeat.count();
  return dump(hello);
}

std::string snapshot_frame(const FrameHead& head, std::string_view snapshot) {
  std::string text = dump(frame(head, "snapshot"));
  text.back() = ',';
  text.append("\"snapshot\":").append(snapshot).push_back('}');
  return text;
}

std::string delta_frame(const FrameHead& head, std::int64_t base_seq, json delta) {
  delta.update(frame(head, "delta"));
  delta["base_seq"] = base_seq;
  return dump(delta);
}

std::string event_frame(const FrameHead& head, const ClusterEvent& event) {
  json news = frame(head, "event");
  news["event"] = to_json(event);
  return dump(news);
}

std::string heartbeat_frame(const FrameHead& head, WallTime at) {
  json heartbeat = frame(head, "heartbeat");
  heartbeat["at_ms"] = to_ms(at);
  return dump(heartbeat);
}

Result<ClientRequest> read_client_request(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return document.error();
  if (!document->is_object()) return Error{ErrorCode::invalid, "a message must be an object"};
  ObjectReader reader{*document, ""};
  const auto request = reader.choice<ClientRequest>("type", parse_request, "resync or ping");
  if (reader.error()) return *reader.error();
  return request;
}

}  // namespace faultline::wire
