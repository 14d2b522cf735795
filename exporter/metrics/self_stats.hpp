#pragma once

#include <cstdint>
#include <string>

#include "exporter/observe/observer.hpp"

namespace faultline::metrics {

/// The exporter as the kernel sees it, from /proc/self.
struct ProcessStats {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;
  double start_time_seconds = 0;
};

[[nodiscard]] ProcessStats read_process_stats();

/// What the exporter tells about itself, and has counted of its main cluster.
struct SelfStats {
  std::string version;
  std::string compiler;
  observe::EventCounts events{};
  std::uint64_t stream_clients = 0;
  std::uint64_t stream_dropped_total = 0;
  std::uint64_t stream_messages_total = 0;
  std::uint64_t stream_bytes_total = 0;
  ProcessStats process;
};

}  // namespace faultline::metrics
