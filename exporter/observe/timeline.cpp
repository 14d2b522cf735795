#include "exporter/observe/timeline.hpp"

#include <algorithm>
#include <iterator>

namespace faultline::observe {

namespace {

/// The first event after `id`.
auto after(const std::deque<ClusterEvent>& events, std::int64_t id) {
  return std::upper_bound(
      events.begin(), events.end(), id,
      [](std::int64_t value, const ClusterEvent& event) { return value < event.id; });
}

}  // namespace

void Timeline::append(const std::vector<ClusterEvent>& events) {
  events_.insert(events_.end(), events.begin(), events.end());
  while (events_.size() > kEventsMax) events_.pop_front();
}

TimelinePage Timeline::page(std::int64_t since, std::size_t limit) const {
  TimelinePage page;
  const std::int64_t newest = events_.empty() ? 0 : events_.back().id;
  const bool foreign = since > newest;
  if (foreign) since = 0;
  page.next = since;
  page.gap = foreign;
  if (events_.empty()) return page;
  page.oldest = events_.front().id;
  page.gap = foreign || since + 1 < events_.front().id;
  const auto first = after(events_, since);
  const auto count =
      std::min<std::size_t>(limit, static_cast<std::size_t>(std::distance(first, events_.end())));
  page.events.assign(first, first + static_cast<std::ptrdiff_t>(count));
  if (!page.events.empty()) page.next = page.events.back().id;
  return page;
}

std::vector<ClusterEvent> Timeline::latest(std::size_t count, std::int64_t last_id) const {
  const auto end = after(events_, last_id);
  const auto have = static_cast<std::size_t>(std::distance(events_.begin(), end));
  return {end - static_cast<std::ptrdiff_t>(std::min(count, have)), end};
}

}  // namespace faultline::observe
