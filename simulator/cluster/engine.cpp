#include "simulator/cluster/engine.hpp"

namespace faultline::sim::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How soon a cancelled statement notices.
constexpr milliseconds kLook{20};

std::optional<WaitEnd> lost(const Patience& patience) {
  if (patience.cancelled != nullptr && patience.cancelled->load()) return WaitEnd::cancelled;
  if (patience.deadline && steady_clock::now() >= *patience.deadline) return WaitEnd::timed_out;
  return std::nullopt;
}

steady_clock::time_point next_look(const Patience& patience) {
  const auto soon = steady_clock::now() + kLook;
  return patience.deadline && *patience.deadline < soon ? *patience.deadline : soon;
}

}  // namespace

Time wall_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

WaitEnd Engine::ask(const KvRequest& request, const Patience& patience, KvReply& reply) {
  std::vector<KvReply> replies;
  const WaitEnd end = ask_all({request}, patience, replies);
  if (end == WaitEnd::answered) reply = std::move(replies.front());
  return end;
}

WaitEnd Engine::ask_all(const std::vector<KvRequest>& requests, const Patience& patience,
                        std::vector<KvReply>& replies, double give_up_seconds) {
  // Shared with callbacks that may come after this call has given up.
  const auto waiting = std::make_shared<Waiting>();
  waiting->replies.resize(requests.size());
  waiting->missing = requests.size();
  std::vector<std::uint64_t> ids;
  with([&](Node& node) {
    const Time limit = give_up_seconds == 0 ? 0 : node.now() + node.timing().of(give_up_seconds);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto settle = [waiting, i](const KvReply* reply) {
        const std::lock_guard guard(waiting->mutex);
        if (reply != nullptr) {
          waiting->replies[i] = *reply;
        } else {
          waiting->replies[i].status = KvStatus::unavailable;
          waiting->replies[i].actual = "context deadline exceeded";
        }
        --waiting->missing;
        waiting->changed.notify_all();
      };
      ids.push_back(node.router().call(requests[i], settle, limit, true));
    }
  });
  wake_();
  std::optional<WaitEnd> end;
  {
    std::unique_lock lock(waiting->mutex);
    while (waiting->missing > 0 && !(end = lost(patience))) {
      waiting->changed.wait_until(lock, next_look(patience));
    }
    if (waiting->missing == 0) {
      replies = std::move(waiting->replies);
      return WaitEnd::answered;
    }
  }
  with([&](Node& node) {
    for (const std::uint64_t id : ids) node.router().cancel(id);
  });
  return *end;
}

WaitEnd Engine::wait_until(const Patience& patience, const std::function<bool(Node&)>& ready) {
  std::mutex idle;
  std::condition_variable never;
  std::unique_lock lock(idle);
  while (true) {
    if (with(ready)) return WaitEnd::answered;
    if (const auto end = lost(patience)) return *end;
    never.wait_until(lock, next_look(patience));
  }
}

}  // namespace faultline::sim::cluster
