#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace faultline::chaos {

/// One local process that chaosd may touch. Paths are absolute.
struct ProcessSpec {
  std::string name;               ///< Unique in the file.
  std::vector<std::string> argv;  ///< argv[0] is a path, or looked up in PATH.
  std::string pid_file;
  std::string log_file;                                  ///< Output is appended to it.
  std::string cwd;                                       ///< The file's own folder when not given.
  std::vector<std::string> addresses;                    ///< What the node advertises itself as.
  std::vector<std::pair<std::string, std::string>> env;  ///< On top of chaosd's own.
};

/// Reads the file of --process.file. Relative paths in it start at its folder.
/// `malformed` or `invalid`, with the field, as "processes[1].argv".
[[nodiscard]] Result<std::vector<ProcessSpec>> read_process_file(const std::string& path);
/// The same for text that is already there; `folder` is absolute.
[[nodiscard]] Result<std::vector<ProcessSpec>> parse_processes(const std::string& text,
                                                               const std::string& folder);

}  // namespace faultline::chaos
