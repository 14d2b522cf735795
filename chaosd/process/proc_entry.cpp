#include "chaosd/process/proc_entry.hpp"

#include "common/base/read_file.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

#include <unistd.h>

namespace faultline::chaos {

namespace {

/// Empty when the process is gone, also if it goes while we read.
std::string read_all(const std::string& path) {
  auto text = read_file(path);
  return text ? std::move(text).value() : std::string{};
}

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0.
}

}  // namespace

std::optional<ProcStat> parse_stat(std::string_view text) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) return std::nullopt;
  std::string_view rest = text.substr(name_end + 2);  // Begins with field 3, the state.
  ProcStat stat{rest.front(), 0};
  constexpr int kFieldsBefore22 = 19;
  for (int i = 0; i < kFieldsBefore22; ++i) {
    const auto blank = rest.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(blank + 1);
  }
  const auto [end, error] =
      std::from_chars(rest.data(), rest.data() + rest.size(), stat.start_ticks);
  if (error != std::errc{}) return std::nullopt;
  return stat;
}

std::optional<ProcStat> read_stat(pid_t pid, const std::string& root) {
  return parse_stat(read_all(root + "/" + std::to_string(pid) + "/stat"));
}

std::vector<std::string> read_command(pid_t pid, const std::string& root) {
  const std::string text = read_all(root + "/" + std::to_string(pid) + "/cmdline");
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\0', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

bool is_command_of(const std::vector<std::string>& command, const std::vector<std::string>& argv) {
  if (argv.empty() || command.size() < argv.size()) return false;
  const auto tail = command.end() - static_cast<std::ptrdiff_t>(argv.size());
  return file_name(*tail) == file_name(argv.front()) &&
         std::equal(tail + 1, command.end(), argv.begin() + 1, argv.end());
}

std::optional<pid_t> read_pid_file(const std::string& path) {
  const std::string text = read_all(path);
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc{} || pid <= 1) return std::nullopt;  // 1 and below name no single node.
  return pid;
}

WallTime started_at(std::uint64_t start_ticks) {
  static const auto kTicksPerSecond = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  // Asked once: else the same start would be told a millisecond apart from time to time.
  static const WallTime kBoot = [] {
    timespec up{};
    ::clock_gettime(CLOCK_BOOTTIME, &up);
    return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now() -
                                                      std::chrono::seconds{up.tv_sec} -
                                                      std::chrono::nanoseconds{up.tv_nsec});
  }();
  return kBoot + milliseconds{static_cast<std::int64_t>(start_ticks * 1000 / kTicksPerSecond)};
}

}  // namespace faultline::chaos
