#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "common/base/result.hpp"

namespace faultline::stream {

/// Reads a YAML file that a flag names: `read(root, folder)` returns a Result whose error says
/// what is wrong in it; `folder` is the file's own. Fails with `invalid` and one sentence that
/// begins with the flag and the path.
template <class Read>
[[nodiscard]] auto read_yaml_file(std::string_view flag, const std::string& path, Read read)
    -> decltype(read(YAML::Node{}, std::filesystem::path{})) {
  const std::string field{flag};
  const auto wrong = [&](const std::string& what) {
    return Error{ErrorCode::invalid, field + " " + path + ": " + what, field};
  };
  try {
    auto value = read(YAML::LoadFile(path), std::filesystem::path{path}.parent_path());
    if (!value) return wrong(value.error().message);
    return value;
  } catch (const YAML::BadFile&) {
    return wrong("cannot be read");
  } catch (const YAML::Exception& error) {
    return wrong("line " + std::to_string(error.mark.line + 1) +
                 " is not what it should be: " + error.msg);
  }
}

}  // namespace faultline::stream
