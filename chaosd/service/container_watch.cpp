#include "chaosd/service/container_watch.hpp"

#include <condition_variable>
#include <mutex>

namespace faultline::chaos {

void ContainerWatch::step() {
  constexpr milliseconds kListLimit{3000};
  constexpr milliseconds kDescribeEvery{30'000};
  constexpr milliseconds kProbeLimit{10'000};
  const Now now = clock_.now();
  const auto listed = runtime_.list(now.steady + kListLimit);
  const auto changed = board_.put_targets(listed, clock_.now().wall, host_);
  for (const auto& id : changed) ledger_.target_changed(id);
  if (!listed) {
    described_at_.reset();  // It may be another one when it is back.
  } else if (!described_at_ || now.steady - *described_at_ >= kDescribeEvery) {
    board_.put_runtime(runtime_.describe(now.steady + kListLimit), host_);
    described_at_ = now.steady;
    board_.put_support(runtime_.probe(now.steady + kProbeLimit), host_);
  }
}

void ContainerWatch::run(const std::stop_token& stop) {
  constexpr milliseconds kAfterError{500};
  std::mutex mutex;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    step();
    const auto waited = runtime_.wait_for_change(clock_.now().steady + kListEvery, stop);
    if (waited) continue;
    // A runtime that is away answers at once, again and again.
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, kAfterError, [] { return false; });
  }
}

}  // namespace faultline::chaos
