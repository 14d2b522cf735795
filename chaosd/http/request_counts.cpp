#include "chaosd/http/request_counts.hpp"

namespace faultline::chaos {

void RequestCounts::count(int status) {
  const std::lock_guard lock(mutex_);
  counts_[status] += 1;
}

std::map<int, std::int64_t> RequestCounts::by_status() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace faultline::chaos
