#include "chaosd/docker/mark_json.hpp"

#include <nlohmann/json.hpp>

#include "chaosd/docker/docker_json.hpp"
#include "chaosd/docker/holder_json.hpp"
#include "chaosd/docker/json_parts.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

constexpr std::string_view kFieldPrefix = "io.faultline.mark.";

Result<json> parse_object(std::string_view body) {
  auto document = wire::parse_json(body);
  if (document && !document->is_object()) {
    return Error{ErrorCode::malformed, "the Engine's answer has another shape"};
  }
  return document;
}

Volume volume_of(const json& item) {
  Volume volume{text_of(member(item, "Name")), {}};
  const json& labels = member(item, "Labels");
  if (!labels.is_object()) return volume;
  for (const auto& [name, value] : labels.items()) volume.labels[name] = text_of(value);
  return volume;
}

}  // namespace

Labels mark_labels(const Mark& mark, const std::string& owner) {
  Labels labels{{std::string{kRoleLabel}, std::string{kMarkRole}},
                {std::string{kOwnerLabel}, owner},
                {std::string{kFaultLabel}, mark.fault.value}};
  for (auto& [name, value] : to_fields(mark)) labels[std::string{kFieldPrefix} + name] = value;
  return labels;
}

bool is_mark(const Labels& labels, const std::string& owner) {
  const auto has = [&](std::string_view name, std::string_view value) {
    const auto found = labels.find(std::string{name});
    return found != labels.end() && found->second == value;
  };
  return has(kRoleLabel, kMarkRole) && has(kOwnerLabel, owner);
}

Result<Mark> read_mark_labels(const Labels& labels) {
  MarkFields fields;
  for (const auto& [name, value] : labels) {
    if (name.starts_with(kFieldPrefix)) fields[name.substr(kFieldPrefix.size())] = value;
  }
  return read_mark(fields);
}

std::string volume_body(const std::string& name, const Labels& labels) {
  return json{{"Name", name}, {"Driver", "local"}, {"Labels", labels}}.dump();
}

std::string mark_filter(std::string_view owner) {
  return percent_encoded(
      json{{"label", json::array({std::string{kRoleLabel} + "=" + std::string{kMarkRole},
                                  std::string{kOwnerLabel} + "=" + std::string{owner}})}}
          .dump());
}

Result<Volume> read_volume(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) return document.error();
  Volume volume = volume_of(*document);
  if (volume.name.empty()) return Error{ErrorCode::invalid, "Name is missing", "/Name"};
  return volume;
}

Result<std::vector<Volume>> read_volumes(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) return document.error();
  std::vector<Volume> volumes;
  const json& list = member(*document, "Volumes");  // Null where there are none.
  if (!list.is_null() && !list.is_array()) {
    return Error{ErrorCode::invalid, "Volumes is no list", "/Volumes"};
  }
  for (const auto& item : list) volumes.push_back(volume_of(item));
  return volumes;
}

}  // namespace faultline::chaos
