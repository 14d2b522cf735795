#include "chaosd/service/event_feed.hpp"

#include <algorithm>
#include <utility>

namespace faultline::chaos {

std::int64_t EventFeed::seq() const {
  const std::lock_guard lock(mutex_);
  return seq_;
}

void EventFeed::publish(ChaosEvent event) {
  {
    const std::lock_guard lock(mutex_);
    event.seq = ++seq_;
    events_.push_back(std::move(event));
    if (events_.size() > limits_.events_kept) events_.pop_front();
  }
  changed_.notify_all();
}

FeedBatch EventFeed::batch_after(const std::optional<std::int64_t>& after, bool same_boot) const {
  FeedBatch batch{boot_, seq_, false, {}};
  const std::int64_t from = after && same_boot ? *after : 0;
  const std::int64_t oldest = events_.empty() ? seq_ + 1 : events_.front().seq;
  // A seq that we have not reached is one of another run of chaosd.
  batch.gap = after && (!same_boot || from > seq_ || from + 1 < oldest);
  for (const auto& event : events_) {
    if (event.seq > from || from > seq_) batch.events.push_back(event);
  }
  return batch;
}

Status EventFeed::poll(const FeedQuery& query, SteadyTime now, Answer answer) {
  std::unique_lock lock(mutex_);
  const bool same_boot = !query.boot || *query.boot == boot_;
  const bool has_news = !query.after || !same_boot || *query.after != seq_;
  if (has_news || query.wait <= milliseconds{0} || closed_) {
    const FeedBatch batch = batch_after(query.after, same_boot);
    lock.unlock();
    answer(batch);
    return kDone;
  }
  if (waiting_.size() >= limits_.polls_waiting) {
    return Error{ErrorCode::unavailable, "too many are waiting for events (" +
                                             std::to_string(limits_.polls_waiting) +
                                             "); ask again with wait_ms=0"};
  }
  waiting_.push_back({*query.after, now + query.wait, std::move(answer)});
  poll_added_ = true;
  lock.unlock();
  changed_.notify_all();  // The thread may have to wake up earlier than it planned.
  return kDone;
}

milliseconds EventFeed::step(SteadyTime now) {
  constexpr milliseconds kIdle{60'000};
  std::vector<std::pair<Answer, FeedBatch>> ready;
  milliseconds left = kIdle;
  {
    const std::lock_guard lock(mutex_);
    answered_seq_ = seq_;
    poll_added_ = false;
    std::erase_if(waiting_, [&](Waiting& poll) {
      if (!closed_ && poll.after == seq_ && now < poll.until) {
        left = std::min(left, std::chrono::ceil<milliseconds>(poll.until - now));
        return false;
      }
      ready.emplace_back(std::move(poll.answer), batch_after(poll.after, true));
      return true;
    });
  }
  for (const auto& [answer, batch] : ready) answer(batch);
  return left;
}

void EventFeed::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const milliseconds left = step(now);
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, now + left,
                        [&] { return seq_ != answered_seq_ || closed_ || poll_added_; });
    if (closed_ && waiting_.empty()) return;
  }
}

void EventFeed::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  step(std::chrono::steady_clock::now());
  changed_.notify_all();
}

}  // namespace faultline::chaos
