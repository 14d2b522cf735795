#include "chaosd/process/process_file.hpp"

#include "common/base/read_file.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include <yaml-cpp/yaml.h>

namespace faultline::chaos {

namespace {

constexpr std::array<std::string_view, 7> kFields{"name", "argv",      "pid_file", "log_file",
                                                  "cwd",  "addresses", "env"};

/// Thrown within this file only, where yaml-cpp throws as well.
struct Wrong {
  std::string field;
  std::string what;
};

/// The field `name` of what is at `at`.
std::string below(const std::string& at, std::string_view name) {
  std::string field{at};
  return field.append(".").append(name);
}

std::string text(const YAML::Node& node, const std::string& field) {
  if (!node || !node.IsScalar() || node.Scalar().empty()) {
    throw Wrong{field, "is missing or is not a text"};
  }
  return node.Scalar();
}

std::vector<std::string> texts(const YAML::Node& node, const std::string& field) {
  if (!node || !node.IsSequence()) throw Wrong{field, "must be a list of texts"};
  std::vector<std::string> values;
  for (std::size_t i = 0; i < node.size(); ++i) {
    if (!node[i].IsScalar()) {
      throw Wrong{field + "[" + std::to_string(i) + "]", "is not a text"};
    }
    values.push_back(node[i].Scalar());
  }
  return values;
}

std::string path(const YAML::Node& node, const std::string& field, const std::string& folder) {
  return (std::filesystem::path{folder} / text(node, field)).lexically_normal().string();
}

ProcessSpec read_process(const YAML::Node& node, const std::string& at, const std::string& folder) {
  if (!node.IsMap()) throw Wrong{at, "must have the fields name, argv, pid_file and log_file"};
  for (const auto& entry : node) {
    const std::string key = entry.first.Scalar();
    if (std::find(kFields.begin(), kFields.end(), key) == kFields.end()) {
      throw Wrong{below(at, key),
                  "is not a field; use name, argv, pid_file, log_file, cwd, addresses, env"};
    }
  }
  ProcessSpec spec;
  spec.name = text(node["name"], at + ".name");
  if (!std::all_of(spec.name.begin(), spec.name.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
      })) {
    throw Wrong{at + ".name", "may have letters, digits, dot, dash and underscore only"};
  }
  spec.argv = texts(node["argv"], at + ".argv");
  if (spec.argv.empty() || spec.argv.front().empty()) {
    throw Wrong{at + ".argv", "must begin with the program"};
  }
  spec.pid_file = path(node["pid_file"], at + ".pid_file", folder);
  spec.log_file = path(node["log_file"], at + ".log_file", folder);
  spec.cwd = node["cwd"] ? path(node["cwd"], at + ".cwd", folder) : folder;
  if (node["addresses"]) spec.addresses = texts(node["addresses"], at + ".addresses");
  if (const auto env = node["env"]) {
    if (!env.IsMap()) throw Wrong{at + ".env", "must be a map of names to texts"};
    for (const auto& entry : env) {
      const std::string name = entry.first.Scalar();
      if (!entry.second.IsScalar()) throw Wrong{below(at + ".env", name), "is not a text"};
      spec.env.emplace_back(name, entry.second.Scalar());
    }
  }
  return spec;
}

}  // namespace

Result<std::vector<ProcessSpec>> parse_processes(const std::string& yaml,
                                                 const std::string& folder) {
  try {
    const YAML::Node document = YAML::Load(yaml);
    const YAML::Node list = document.IsMap() ? document["processes"] : YAML::Node{};
    if (!list.IsDefined() || !list.IsSequence() || list.size() == 0) {
      throw Wrong{"processes", "must be a list of at least one process"};
    }
    std::vector<ProcessSpec> specs;
    std::set<std::string> names;
    std::set<std::string> pid_files;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string at = "processes[" + std::to_string(i) + "]";
      specs.push_back(read_process(list[i], at, folder));
      if (!names.insert(specs.back().name).second) {
        throw Wrong{at + ".name", "is \"" + specs.back().name + "\" as another's; make it unique"};
      }
      if (!pid_files.insert(specs.back().pid_file).second) {
        throw Wrong{at + ".pid_file", "is another's as well; each process needs its own"};
      }
    }
    return specs;
  } catch (const Wrong& wrong) {
    return Error{ErrorCode::invalid, wrong.field + " " + wrong.what, wrong.field};
  } catch (const YAML::Exception& broken) {
    return Error{ErrorCode::malformed, std::string{"not YAML: "} + broken.what()};
  }
}

Result<std::vector<ProcessSpec>> read_process_file(const std::string& path) {
  const auto content = read_file(path);
  if (!content) return Error{ErrorCode::invalid, content.error().message, "--process.file"};
  const auto folder = std::filesystem::absolute(path).parent_path();
  auto specs = parse_processes(*content, folder.string());
  if (!specs)
    return Error{specs.error().code, path + ": " + specs.error().message, "--process.file"};
  return specs;
}

}  // namespace faultline::chaos
