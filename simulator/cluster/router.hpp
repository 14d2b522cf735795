#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "simulator/cluster/message.hpp"
#include "simulator/cluster/timing.hpp"

namespace faultline::sim::cluster {

/// What the router needs of the node around it.
class RouterHost {
 public:
  virtual ~RouterHost() = default;
  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual const Timing& timing() const = 0;
  [[nodiscard]] virtual NodeNumber self() const = 0;
  [[nodiscard]] virtual bool reachable(NodeNumber node) const = 0;
  [[nodiscard]] virtual std::optional<Descriptor> local_descriptor(RangeNumber range) const = 0;
  [[nodiscard]] virtual std::optional<Descriptor> first_range() const = 0;
  virtual void send_request(NodeNumber to, const KvRequest& request) = 0;
};

/// The gateway's half of a request: finds the leaseholder, asks again elsewhere when it
/// does not answer, and goes on until it has an answer or is told to stop. So a
/// request to a range without quorum hangs, as it does on the real one.
/// Not thread-safe; lives inside a node.
class Router {
 public:
  /// Null: given up at its time.
  using Done = std::function<void(const KvReply*)>;

  explicit Router(RouterHost& host) : host_(host) {}

  /// `give_up_at` 0: never. The request's id and sender are filled in.
  /// `fails_fast`: a circuit breaker's answer ends the call; else it asks on.
  std::uint64_t call(KvRequest request, Done done, Time give_up_at = 0, bool fails_fast = false);
  void cancel(std::uint64_t id);
  void receive(NodeNumber from, const KvReply& reply);
  void step();

  void learn(const Descriptor& descriptor);
  void forget(RangeNumber range) { routes_.erase(range); }
  /// Everything that is known of where ranges are, filled by refresh().
  [[nodiscard]] std::optional<Descriptor> route(RangeNumber range) const;
  [[nodiscard]] std::vector<Descriptor> routes() const;
  /// Reads meta2 and then calls `done` (which may be empty).
  void refresh(std::function<void()> done);
  [[nodiscard]] std::size_t slow_count() const;

 private:
  struct Route {
    Descriptor descriptor;
    NodeNumber holder = 0;
  };
  struct Call {
    KvRequest request;
    Done done;
    Time started_at = 0, give_up_at = 0, sent_at = 0, next_at = 0;
    NodeNumber target = 0;
    bool fails_fast = false;
    std::set<NodeNumber> tried;
  };
  void attempt(Call& call);
  [[nodiscard]] NodeNumber choose(const Call& call, const Route& route) const;
  void load(RangeNumber range);

  RouterHost& host_;
  std::map<RangeNumber, Route> routes_;
  std::map<std::uint64_t, Call> calls_;
  std::uint64_t last_id_ = 0;
  std::uint64_t refresh_call_ = 0;
  std::vector<std::function<void()>> refreshed_;
};

}  // namespace faultline::sim::cluster
