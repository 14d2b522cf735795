#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "common/base/clock.hpp"

namespace faultline::chaos {

/// What /proc/<pid>/stat says of a process.
struct ProcStat {
  char state = '?';               ///< R S D run, T is stopped, Z X are over.
  std::uint64_t start_ticks = 0;  ///< Since boot: with the pid it names one process.
  auto operator<=>(const ProcStat&) const = default;
};

/// Nothing when the text is not such a line. The name in it may hold anything,
/// blanks and parentheses included.
[[nodiscard]] std::optional<ProcStat> parse_stat(std::string_view text);

/// Nothing when there is no such process. `root` is /proc but in tests.
[[nodiscard]] std::optional<ProcStat> read_stat(pid_t pid, const std::string& root = "/proc");
[[nodiscard]] std::vector<std::string> read_command(pid_t pid, const std::string& root = "/proc");

[[nodiscard]] constexpr bool is_over(const ProcStat& stat) {
  return stat.state == 'Z' || stat.state == 'X';
}

/// Whether a command line is that of `argv`. A pid is used again sooner or later, and
/// another node's command differs in its arguments only, so all of them must agree.
/// In front there may be an interpreter, and the program may be written another way.
[[nodiscard]] bool is_command_of(const std::vector<std::string>& command,
                                 const std::vector<std::string>& argv);

/// The number in a pid file; nothing when there is none.
[[nodiscard]] std::optional<pid_t> read_pid_file(const std::string& path);

/// Start ticks as wall time.
[[nodiscard]] WallTime started_at(std::uint64_t start_ticks);

}  // namespace faultline::chaos
