#include "chaosd/http/fault_request.hpp"

#include "chaosd/http/request.hpp"
#include "chaosd/http/selector_json.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

/// Names of targets and node ids, in one list.
Status read_peers(const nlohmann::json& object, const std::string& path, ParamRequest& params) {
  const Error wrong{ErrorCode::invalid, "peers must be a list of names of targets, or of node ids",
                    path + "/peers"};
  const auto peers = object.find("peers");
  if (peers == object.end() || peers->is_null()) return kDone;
  if (!peers->is_array()) return wrong;
  for (const auto& peer : *peers) {
    if (peer.is_string()) {
      params.peers.emplace_back(peer.get<std::string>());
    } else if (peer.is_number_integer()) {
      params.peers.emplace_back(NodeId{peer.get<std::int64_t>()});
    } else {
      return wrong;
    }
  }
  return kDone;
}

}  // namespace

Result<FaultRequest> read_fault_request(std::string_view body) {
  if (body.empty()) {
    return Error{ErrorCode::malformed,
                 R"(the body is empty; send {"kind": …, "target": …, "duration_s": …})"};
  }
  const auto document = wire::parse_json(body);
  if (!document) return document.error();
  return read_fault_request(*document, "");
}

Result<FaultRequest> read_fault_request(const nlohmann::json& object, const std::string& path) {
  wire::ObjectReader reader{object, path};
  FaultRequest request;
  request.kind = reader.choice<FaultKind>("kind", parse_enum<FaultKind>, kFaultKindNames);
  request.target = reader.maybe_text("target");
  if (const auto node = reader.maybe_integer("node_id")) request.node_id = NodeId{*node};
  request.duration_s = reader.integer("duration_s");
  request.grace_s = reader.maybe_integer("grace_s");
  request.params.direction = reader.maybe_text("direction");
  request.params.on_restart = reader.maybe_text("on_restart");
  request.params.path = reader.maybe_text("path");
  for (const auto& name : number_names()) {
    if (const auto number = reader.maybe_integer(name.c_str())) {
      request.params.numbers[name] = *number;
    }
  }
  if (reader.error()) return *reader.error();
  if (auto peers = read_peers(object, path, request.params); !peers) return peers.error();
  if (const auto select = object.find("select"); select != object.end() && !select->is_null()) {
    auto selector = read_selector(*select, path + "/select");
    if (!selector) return selector.error();
    request.select = std::move(selector).value();
  }
  return request;
}

Result<FaultRequest> read_original_stop(const std::map<std::string, std::string>& query,
                                        std::chrono::seconds default_duration) {
  const auto name = query.find("name");
  if (name == query.end() || name->second.empty()) {
    return Error{ErrorCode::invalid, "name is missing; give the name of one target", "/name"};
  }
  FaultRequest request;
  request.kind = FaultKind::stop;
  request.target = name->second;
  request.duration_s = default_duration.count();
  if (const auto given = query.find("duration_s"); given != query.end()) {
    const auto duration = strict_integer(given->second);
    if (!duration) {
      return Error{ErrorCode::invalid,
                   "duration_s is \"" + given->second + "\"; give a whole number of seconds",
                   "/duration_s"};
    }
    request.duration_s = *duration;
  }
  return request;
}

}  // namespace faultline::chaos
