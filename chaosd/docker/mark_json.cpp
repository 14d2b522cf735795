#include "chaosd/docker/mark_json.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "chaosd/docker/holder_json.hpp"
#include "chaosd/docker/json_parts.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

constexpr std::string_view kFieldPrefix = "io.faultline.mark.";

Volume volume_of(const json& item) {
  return {text_of(member(item, "Name")), labels_in(member(item, "Labels"))};
}

}  // namespace

Labels mark_labels(const Mark& mark, const std::string& owner) {
  Labels labels{{std::string{kRoleLabel}, std::string{kMarkRole}},
                {std::string{kOwnerLabel}, owner},
                {std::string{kFaultLabel}, mark.fault.value}};
  for (auto& [name, value] : to_fields(mark)) labels[std::string{kFieldPrefix} + name] = value;
  return labels;
}

bool has_all(const Labels& there, const Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto found = there.find(label.first);
    return found != there.end() && found->second == label.second;
  });
}

bool is_mark(const Labels& labels, const std::string& owner) {
  return has_all(labels, {{std::string{kRoleLabel}, std::string{kMarkRole}},
                          {std::string{kOwnerLabel}, owner}});
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
  return label_filter({std::string{kRoleLabel} + "=" + std::string{kMarkRole},
                       std::string{kOwnerLabel} + "=" + std::string{owner}});
}

Result<Volume> read_volume(std::string_view body) {
  const auto document = parse_answer(body);
  if (!document) return document.error();
  Volume volume = volume_of(*document);
  if (volume.name.empty()) return Error{ErrorCode::invalid, "Name is missing", "/Name"};
  return volume;
}

Result<std::vector<Volume>> read_volumes(std::string_view body) {
  const auto document = parse_answer(body);
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
