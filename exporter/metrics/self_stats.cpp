#include "exporter/metrics/self_stats.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <sys/resource.h>
#include <unistd.h>

namespace faultline::metrics {

namespace {

/// The fields of /proc/self/stat after the program's name, which may hold blanks.
std::istringstream stat_fields() {
  std::ifstream file{"/proc/self/stat"};
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  return std::istringstream{name_end == std::string::npos ? "" : line.substr(name_end + 1)};
}

double boot_time() {
  std::ifstream file{"/proc/stat"};
  for (std::string key; file >> key; std::getline(file, key)) {
    double value = 0;
    if (key == "btime" && file >> value) return value;
  }
  return 0;
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  auto fields = stat_fields();
  std::string skipped;
  double user = 0;
  double system_time = 0;
  double start = 0;
  double pages = 0;
  for (int i = 3; i <= 13; ++i) fields >> skipped;   // state .. cmajflt
  fields >> user >> system_time;                     // 14, 15
  for (int i = 16; i <= 21; ++i) fields >> skipped;  // cutime .. itrealvalue
  fields >> start >> stats.virtual_bytes >> pages;   // 22, 23, 24
  stats.cpu_seconds = (user + system_time) / ticks;
  stats.resident_bytes = pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
  static const double kBootTime = boot_time();
  stats.start_time_seconds = kBootTime + start / ticks;
  std::error_code ignored;
  for (std::filesystem::directory_iterator fd{"/proc/self/fd", ignored}, end; fd != end;
       fd.increment(ignored)) {
    stats.open_fds += 1;
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    stats.max_fds = static_cast<double>(limit.rlim_cur);
  }
  return stats;
}

}  // namespace faultline::metrics
