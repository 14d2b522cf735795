#include "exporter/observe/observer.hpp"

#include <algorithm>
#include <utility>

#include "exporter/observe/diff.hpp"
#include "exporter/observe/log_events.hpp"

#include "common/base/ensure.hpp"

namespace faultline::observe {

Observer::Observer(std::string boot, Seeds seeds, Wiring wiring, poll::Wakeup& news,
                   sources::Roster& roster, SnapshotBoard& board, const Clock& clock, Logger log)
    : boot_(std::move(boot)),
      seeds_(std::move(seeds)),
      wiring_(std::move(wiring)),
      news_(news),
      roster_(roster),
      board_(board),
      clock_(clock),
      log_(std::move(log)),
      next_publish_(clock.steady()) {}

void Observer::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) news_.wait(stop, step());
  });
}

void Observer::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

SteadyTime Observer::step() {
  const auto readings = wiring_.read();
  auto [snapshot, memory, basis, descriptors_wanted] =
      assemble(readings, memory_, seeds_, clock_.wall());
  const auto previous = memory_.previous;
  memory_ = std::move(memory);
  memory_.previous = previous;

  // The sources first: news of a silent gateway must reach them before anything else.
  if (roster_.set(members_of(memory_.directory, seeds_, snapshot.nodes))) {
    for (auto* poller : wiring_.on_news_of_nodes) poller->hurry();
  }
  if (descriptors_wanted) {
    for (auto* poller : wiring_.on_departure) poller->hurry();
  }
  auto events = diff(previous.get(), snapshot);
  if (!events.empty()) last_event_at_ = snapshot.at;
  // After that: old news of the cluster's own is no reason to look faster.
  const auto log = read_log(readings, snapshot);
  events.insert(events.end(), log.begin(), log.end());
  const bool fast = unsettled(snapshot);
  for (auto* poller : wiring_.pollers) poller->set_fast(fast);

  const auto now = clock_.steady();
  if (!previous || now >= next_publish_ || !events.empty() || differs(*previous, snapshot)) {
    basis.boot = boot_;
    board_.set_basis(std::make_shared<const ImpactBasis>(std::move(basis)));
    publish(std::move(snapshot), std::move(events));
    next_publish_ = now + kPublishEvery;
  }
  return next_publish_;
}

void Observer::publish(ClusterSnapshot snapshot, std::vector<ClusterEvent> events) {
  snapshot.boot = boot_;
  snapshot.seq = ++seq_;
  {
    const std::lock_guard lock(mutex_);
    for (auto& event : events) {
      event.id = ++last_event_id_;
      ++counts_[static_cast<std::size_t>(event.kind)];
    }
  }
  link_causes(events, container_news_);
  for (const auto& event : events) {
    log_->info("event id={} seq={} kind={} fault={} sentence='{}'", event.id, snapshot.seq,
               to_string(event.kind), event.fault_id ? event.fault_id->value : "", event.sentence);
  }
  auto shared = std::make_shared<const ClusterSnapshot>(std::move(snapshot));
  memory_.previous = shared;
  board_.publish(std::move(shared), events);
}

std::vector<ClusterEvent> Observer::read_log(const Readings& readings,
                                             const ClusterSnapshot& snapshot) {
  if (!readings.cluster_log || !readings.cluster_log->part) return {};
  const auto& log = *readings.cluster_log->part;
  if (log.entries.empty()) return {};
  auto events = log_events(log, last_log_serial_, snapshot);
  last_log_serial_ = log.entries.back().serial;
  return events;
}

bool Observer::unsettled(const ClusterSnapshot& snapshot) const {
  const bool fault_open = std::any_of(snapshot.faults.begin(), snapshot.faults.end(),
                                      [](const FaultView& fault) { return is_open(fault.state); });
  const bool event_lately = last_event_at_ && snapshot.at - *last_event_at_ < kUnsettledFor;
  switch (snapshot.verdict.state) {
    case VerdictState::settling: return true;
    case VerdictState::unavailable:
    case VerdictState::unreachable:
    case VerdictState::unknown:
      // An outage that lasts is watched at rest: nobody sits in front of it any more.
      return fault_open || event_lately || snapshot.at - snapshot.verdict.since < kOutageWatch;
    case VerdictState::available:
    case VerdictState::degraded: return fault_open || event_lately;
  }
  FAULTLINE_ENSURE(false, "every verdict is settled or not");
}

EventCounts Observer::event_counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace faultline::observe
