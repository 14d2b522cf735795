#pragma once

#include <cstdint>
#include <map>
#include <mutex>

namespace faultline::chaos {

/// How many replies had which status. Any thread.
class RequestCounts {
 public:
  void count(int status);
  [[nodiscard]] std::map<int, std::int64_t> by_status() const;

 private:
  mutable std::mutex mutex_;  // Guards counts_.
  std::map<int, std::int64_t> counts_;
};

}  // namespace faultline::chaos
