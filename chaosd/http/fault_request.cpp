#include "chaosd/http/fault_request.hpp"

#include "chaosd/http/request.hpp"
#include "chaosd/http/selector_json.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

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
  request.kind =
      reader.choice<FaultKind>("kind", parse_enum<FaultKind>, "stop, kill, pause or restart");
  request.target = reader.maybe_text("target");
  if (const auto node = reader.maybe_integer("node_id")) request.node_id = NodeId{*node};
  request.duration_s = reader.integer("duration_s");
  request.grace_s = reader.maybe_integer("grace_s");
  if (reader.error()) return *reader.error();
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
