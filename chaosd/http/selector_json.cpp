#include "chaosd/http/selector_json.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 10> kFields{
    "names", "node_ids", "labels", "locality", "role", "table", "mode", "count", "percent", "seed"};
constexpr std::size_t kListMax = 256;

Error wrong(const std::string& path, const std::string& name, const std::string& what) {
  return {ErrorCode::invalid, name + " " + what, path + "/" + name};
}

Status check_fields(const json& object, const std::string& path) {
  if (!object.is_object()) return Error{ErrorCode::invalid, "select is not an object", path};
  for (const auto& [name, value] : object.items()) {
    if (std::find(kFields.begin(), kFields.end(), name) == kFields.end()) {
      return Error{ErrorCode::invalid,
                   "select knows no such criterion; use names, node_ids, labels, locality, role, "
                   "table, mode, count, percent, seed",
                   path};
    }
  }
  return kDone;
}

/// The member as a list; absent and null are an empty one.
Result<json> list_of(const json& object, const std::string& path, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return json::array();
  if (!found->is_array() || found->empty() || found->size() > kListMax) {
    return wrong(path, name, "is no list of 1 to " + std::to_string(kListMax) + " entries");
  }
  return *found;
}

Result<std::vector<std::string>> texts_of(const json& object, const std::string& path,
                                          const char* name) {
  const auto list = list_of(object, path, name);
  if (!list) return list.error();
  std::vector<std::string> texts;
  for (const auto& item : *list) {
    if (!item.is_string() || item.get_ref<const std::string&>().empty()) {
      return wrong(path, name, "has an entry that is no text");
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

Result<std::vector<NodeId>> nodes_of(const json& object, const std::string& path) {
  const auto list = list_of(object, path, "node_ids");
  if (!list) return list.error();
  std::vector<NodeId> nodes;
  for (const auto& item : *list) {
    const json one{{"node_ids", item}};
    if (!item.is_number_integer()) return wrong(path, "node_ids", "has an entry that is no number");
    wire::ObjectReader reader{one, path};
    nodes.push_back(NodeId{reader.integer("node_ids")});
    if (reader.error()) return *reader.error();
  }
  return nodes;
}

Result<std::map<std::string, std::string>> labels_of(const json& object, const std::string& path) {
  std::map<std::string, std::string> labels;
  const auto found = object.find("labels");
  if (found == object.end() || found->is_null()) return labels;
  if (!found->is_object() || found->empty()) {
    return wrong(path, "labels", "is no object of names and texts");
  }
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) return wrong(path, "labels", "has a value that is no text");
    labels[name] = value.get<std::string>();
  }
  return labels;
}

/// "region=eu,zone=a", or a list of tiers.
Result<std::vector<std::string>> tiers_of(const json& object, const std::string& path) {
  const auto found = object.find("locality");
  if (found == object.end() || !found->is_string()) return texts_of(object, path, "locality");
  const auto text = found->get<std::string>();
  std::vector<std::string> tiers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    tiers.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return tiers;
}

/// How many: mode, count, percent, seed.
Status read_amount(const json& object, const std::string& path, Selector& selector) {
  wire::ObjectReader reader{object, path};
  const std::string mode = reader.text("mode");
  const auto count = reader.maybe_integer("count");
  const auto percent = reader.maybe_integer("percent");
  const auto seed = reader.maybe_integer("seed");
  if (reader.error()) return *reader.error();
  const auto known = select_mode_named(mode);
  if (!known) return wrong(path, "mode", "is \"" + mode + "\"; use one, all, random or percent");
  selector.mode = *known;
  if (count && *known != SelectMode::random) return wrong(path, "count", "is for mode random only");
  if (percent && *known != SelectMode::percent) {
    return wrong(path, "percent", "is for mode percent only");
  }
  if (seed && *seed < 0) return wrong(path, "seed", "is negative; use 0 or more");
  selector.count = count.value_or(0);
  selector.percent = percent.value_or(0);
  if (seed) selector.seed = static_cast<std::uint64_t>(*seed);
  return kDone;
}

}  // namespace

Result<Selector> read_selector(const json& object, const std::string& path) {
  if (auto fields = check_fields(object, path); !fields) return fields.error();
  Selector selector;
  auto names = texts_of(object, path, "names");
  if (!names) return names.error();
  selector.names = std::move(names).value();
  auto nodes = nodes_of(object, path);
  if (!nodes) return nodes.error();
  selector.node_ids = std::move(nodes).value();
  auto labels = labels_of(object, path);
  if (!labels) return labels.error();
  selector.labels = std::move(labels).value();
  auto tiers = tiers_of(object, path);
  if (!tiers) return tiers.error();
  selector.locality = std::move(tiers).value();
  wire::ObjectReader reader{object, path};
  const auto role = reader.maybe_text("role");
  const auto table = reader.maybe_text("table");
  if (reader.error()) return *reader.error();
  if (role) {
    selector.role = node_role_named(*role);
    if (!selector.role)
      return wrong(path, "role", "is \"" + *role + "\"; use most_leases, gateway or leaseholder");
  }
  selector.table = table.value_or("");
  if (auto amount = read_amount(object, path, selector); !amount) return amount.error();
  return selector;
}

}  // namespace faultline::chaos
