#include "simulator/cluster/rpc_link.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace faultline::sim::cluster {

void Histogram::add(std::int64_t nanos) {
  nanos = std::max<std::int64_t>(nanos, 1);
  const auto exponent = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(nanos))) - 1;
  const std::int64_t width = std::int64_t{1} << std::max(exponent - 4, 0);
  ++buckets_[(nanos / width + 1) * width - 1];
  ++count_;
  sum_ += static_cast<double>(nanos);
  max_ = std::max(max_, nanos);
}

std::int64_t Histogram::quantile(double fraction) const {
  const double wanted = std::ceil(fraction * static_cast<double>(count_));
  std::int64_t seen = 0;
  for (const auto& [upper, count] : buckets_) {
    seen += count;
    if (static_cast<double>(seen) >= wanted) return upper;
  }
  return 0;
}

void RpcLink::step(Time now, const Timing& timing, const LinkView& view) {
  // The loops were started by different traffic and do not beat together.
  for (std::size_t at = 0; at < kClasses; ++at) {
    const Time phase = static_cast<Time>(at) * timing.rpc_heartbeat_interval() / 2;
    step(loops_[at], phase, now, timing, view);
  }
  if (healthy() != was_healthy_ || changed_at_ == 0) changed_at_ = now;
  was_healthy_ = healthy();
}

void RpcLink::step(Loop& loop, Time phase, Time now, const Timing& timing, const LinkView& view) {
  const auto fail = [&] {
    loop = {State::failed, 0, 0, now};
    ++failures_;
  };
  switch (loop.state) {
    case State::nominal:
      if (!view.up) return fail();
      if (loop.sent_at != 0 && view.heard_at >= loop.sent_at) loop.sent_at = 0;
      if (loop.sent_at != 0 && now - loop.sent_at >= timing.rpc_heartbeat_timeout()) return fail();
      if (loop.sent_at == 0 && now >= loop.next_at) {
        loop.sent_at = now;
        loop.next_at = now + timing.rpc_heartbeat_interval();
        ++heartbeats_;
      }
      return;
    case State::failed:
      if (now - loop.failed_at >= timing.rpc_failed_for()) loop.state = State::initializing;
      return;
    case State::initializing:
      // An answer of before the failure does not count.
      if (!view.up || view.heard_at <= loop.failed_at || view.heard_at == 0) return;
      loop = {State::nominal, 0, now + phase, 0};
      return;
  }
}

void RpcLink::answered(std::int64_t nanos) {
  const auto value = static_cast<double>(std::max<std::int64_t>(nanos, 1));
  latency_ = latency_ == 0 ? value : latency_ + (value - latency_) * 0.2;
}

std::int64_t RpcLink::count(State state) const {
  return std::ranges::count(loops_, state, &Loop::state);
}

}  // namespace faultline::sim::cluster
