#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "chaosd/http/access.hpp"
#include "chaosd/http/idempotency.hpp"
#include "chaosd/http/request.hpp"
#include "chaosd/http/request_counts.hpp"
#include "chaosd/service/audit.hpp"
#include "chaosd/service/chaos_clock.hpp"
#include "chaosd/service/chaos_service.hpp"
#include "chaosd/service/event_feed.hpp"
#include "chaosd/service/experiment_service.hpp"
#include "chaosd/service/guard.hpp"
#include "chaosd/service/plan_desk.hpp"
#include "common/base/log.hpp"

namespace faultline::chaos {

/// What a route that is no GET does to the world; decides in which mode it is served.
enum class Effect {
  none,    ///< Changes nothing: always.
  heals,   ///< Undoes or forbids: not with --read-only.
  breaks,  ///< In the normal mode only.
};

/// What a handler is given: everything decoded, the caller let through.
struct Call {
  const HttpRequestIn& request;
  std::string id;                            ///< What stands for "{id}" in the path.
  std::map<std::string, std::string> query;  ///< Percent-decoded.
  std::optional<OnceKey> once = {};          ///< It came with an Idempotency-Key.
};

struct Route {
  std::string method;
  std::string path;  ///< May hold one "{id}" segment.
  Role needs;
  std::function<void(const Call&, const Responder&)> handle;
  Effect effect = Effect::breaks;  ///< Of a GET it means nothing.
};

/// The REST API without a server: who may call what, and one reply to each request.
/// A GET changes nothing. Any thread; never blocks.
class Api {
 public:
  struct Parts {
    ChaosService& service;
    EventFeed& feed;
    Audit& audit;
    const ChaosClock& clock;
    Logger log;
    Guard& guard;
    PlanDesk& desk;
    ExperimentService& experiments;
    std::int64_t journal_corrupt_lines = 0;  ///< Found when chaosd began.
  };
  /// What `parts` refers to outlives this.
  Api(Parts parts, AccessRules rules);

  /// Calls `respond` exactly once: now or, for a long poll and for what is planned first,
  /// later and from another thread.
  void handle(const HttpRequestIn& request, const Responder& respond) const;

  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  static constexpr std::size_t kBodyMax = 64 << 10;

 private:
  struct Handling;
  void dispatch(const HttpRequestIn& request, const Responder& respond, Handling& handling) const;
  [[nodiscard]] const Route* find(const HttpRequestIn& request, Call& call, Reply& refusal) const;
  [[nodiscard]] Status check_mode(const Route& route, const HttpRequestIn& request) const;
  /// Whether the call is to be done; else it is answered, out of the book.
  [[nodiscard]] bool begin_once(Handling& handling, const HttpRequestIn& request,
                                const Responder& respond) const;
  void finish(Handling& handling, Reply reply, const Responder& respond) const;
  void write_audit(const Handling& handling, const Reply& reply) const;

  const Parts parts_;
  const AccessControl access_;
  mutable IdempotencyBook book_;
  mutable RequestCounts counts_;
  mutable std::atomic<std::int64_t> next_request_ = 1;
  std::vector<Route> routes_;
};

// Each adds its routes; what `parts` refers to outlives them.
void add_fault_routes(std::vector<Route>& routes, const Api::Parts& parts);
void add_plan_routes(std::vector<Route>& routes, const Api::Parts& parts);
void add_experiment_routes(std::vector<Route>& routes, const Api::Parts& parts);
void add_target_routes(std::vector<Route>& routes, const Api::Parts& parts);
void add_feed_routes(std::vector<Route>& routes, const Api::Parts& parts);
void add_lever_routes(std::vector<Route>& routes, const Api::Parts& parts);
/// `counts` outlives the routes too.
void add_metrics_route(std::vector<Route>& routes, const Api::Parts& parts,
                       const RequestCounts& counts);
void add_health_routes(std::vector<Route>& routes, const Api::Parts& parts);

}  // namespace faultline::chaos
