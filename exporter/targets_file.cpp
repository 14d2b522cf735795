#include "exporter/targets_file.hpp"

#include <algorithm>
#include <filesystem>

#include "exporter/stream/yaml_file.hpp"

namespace faultline::exporter {

namespace {

constexpr std::size_t kNameMax = 64;

std::string line_of(const YAML::Node& node) {
  return "line " + std::to_string(node.Mark().line + 1) + ": ";
}

/// It stands in URLs, in log lines and as Prometheus' label.
bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kNameMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view{"-_."}.find(c) != std::string_view::npos;
         });
}

std::string known_keys() {
  std::string text;
  for (const auto& flag : cluster_flags()) text.append(text.empty() ? "" : ", ").append(flag.name);
  return text;
}

const ClusterFlag* flag_named(const std::string& key) {
  const auto& flags = cluster_flags();
  const auto found = std::find_if(flags.begin(), flags.end(),
                                  [&](const ClusterFlag& flag) { return flag.name == key; });
  return found == flags.end() ? nullptr : &*found;
}

/// One target, as the flags that would say the same.
struct Flags {
  std::vector<std::string> arguments;
  std::string complaint;
};

Flags to_flags(const YAML::Node& map, const std::filesystem::path& folder) {
  Flags flags;
  std::vector<std::string> seen;
  for (const auto& item : map) {
    const auto key = item.first.as<std::string>();
    const auto* flag = flag_named(key);
    if (flag == nullptr) {
      return {{}, line_of(item.first) + key + " is not known here; use " + known_keys()};
    }
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      return {{}, line_of(item.first) + key + " is given twice; give it once"};
    }
    seen.push_back(key);
    const bool list = item.second.IsSequence();
    if (!list && !item.second.IsScalar()) {
      return {{}, line_of(item.first) + key + " must be a text or a list of texts"};
    }
    std::vector<std::string> values;
    if (list) {
      for (const auto& value : item.second) values.push_back(value.as<std::string>());
    } else {
      values.push_back(item.second.as<std::string>());
    }
    for (const auto& value : values) {
      const auto text = flag->is_path ? (folder / value).string() : value;
      flags.arguments.push_back("--" + key + "=" + text);
    }
  }
  if (std::find(seen.begin(), seen.end(), "cockroach.sql") == seen.end()) {
    flags.complaint = line_of(map) + "cockroach.sql is missing; use host:port, as n1:26257";
  }
  return flags;
}

Result<ClusterConfig> read_target(const YAML::Node& map, const std::filesystem::path& folder) {
  if (!map.IsMap()) {
    return Error{ErrorCode::invalid,
                 line_of(map) + "must be a map with cockroach.sql and what else is needed"};
  }
  auto flags = to_flags(map, folder);
  if (!flags.complaint.empty()) return Error{ErrorCode::invalid, flags.complaint};
  ClusterConfig config;
  SecretFiles files;
  // The very checks of the flags; the environment is the main cluster's.
  config::Options options{"target", ""};
  add_cluster_flags(options, config, files);
  const auto outcome = options.read(
      flags.arguments, [](const std::string&) { return std::optional<std::string>{}; });
  if (outcome.exit_code) {
    auto sentence = outcome.text.substr(std::string_view{"target: "}.size());
    while (sentence.ends_with('\n')) sentence.pop_back();
    return Error{ErrorCode::invalid, line_of(map) + sentence};
  }
  if (const auto status = complete(config, files); !status) {
    return Error{ErrorCode::invalid, line_of(map) + status.error().message};
  }
  return config;
}

Result<TargetConfigs> read_targets(const YAML::Node& root, const std::filesystem::path& folder) {
  const auto refuse = [](const std::string& what) { return Error{ErrorCode::invalid, what}; };
  if (!root.IsMap() || root.size() != 1 || !root["targets"]) {
    return refuse("must be a map with the one key targets, which holds a map for each cluster");
  }
  const auto map = root["targets"];
  if (!map.IsMap() || map.size() == 0) {
    return refuse("targets must be a map of names to maps, as staging: {cockroach.sql: n1:26257}");
  }
  TargetConfigs configs;
  for (const auto& item : map) {
    const auto name = item.first.as<std::string>();
    if (!is_name(name)) {
      return refuse(line_of(item.first) + "\"" + name +
                    "\" cannot be a name; use up to 64 letters, digits, dots, dashes and "
                    "underscores");
    }
    if (configs.contains(name)) {
      return refuse(line_of(item.first) + "target " + name + " is there twice; give each a name");
    }
    auto config = read_target(item.second, folder);
    if (!config) return refuse("target " + name + ", " + config.error().message);
    configs.emplace(name, std::move(config).value());
  }
  if (configs.size() > kTargetsMax) {
    return refuse("there are " + std::to_string(configs.size()) + " targets; use " +
                  std::to_string(kTargetsMax) + " at most, and another exporter for the rest");
  }
  return configs;
}

}  // namespace

Result<TargetConfigs> read_targets_file(const std::string& path) {
  return stream::read_yaml_file("--targets.file", path, read_targets);
}

}  // namespace faultline::exporter
