#pragma once

#include <functional>
#include <string>
#include <vector>

#include "chaosd/http/access.hpp"
#include "chaosd/http/request.hpp"
#include "chaosd/service/audit.hpp"
#include "chaosd/service/chaos_clock.hpp"
#include "chaosd/service/chaos_service.hpp"
#include "chaosd/service/event_feed.hpp"
#include "chaosd/service/guard.hpp"
#include "chaosd/service/plan_desk.hpp"
#include "common/base/log.hpp"

namespace faultline::chaos {

/// What a handler is given: everything decoded, the caller let through.
struct Call {
  const HttpRequestIn& request;
  std::string id;                            ///< What stands for "{id}" in the path.
  std::map<std::string, std::string> query;  ///< Percent-decoded.
};

struct Route {
  std::string method;
  std::string path;  ///< May hold one "{id}" segment.
  Role needs;
  std::function<void(const Call&, const Responder&)> handle;
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
  };
  /// What `parts` refers to outlives this.
  Api(Parts parts, AccessRules rules);

  /// Calls `respond` exactly once: now or, for a long poll and for what is planned first,
  /// later and from another thread.
  void handle(const HttpRequestIn& request, const Responder& respond) const;

  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  static constexpr std::size_t kBodyMax = 64 << 10;

 private:
  void dispatch(const HttpRequestIn& request, const Responder& respond, Role& role) const;
  [[nodiscard]] const Route* find(const HttpRequestIn& request, Call& call, Reply& refusal) const;
  struct Handling;
  void write_audit(const Handling& handling, const Reply& reply) const;

  const Parts parts_;
  const AccessControl access_;
  std::vector<Route> routes_;
};

// Each adds its routes; what `parts` refers to outlives them.
void add_fault_routes(std::vector<Route>& routes, const Api::Parts& parts);
void add_plan_routes(std::vector<Route>& routes, const Api::Parts& parts);
void add_target_routes(std::vector<Route>& routes, const Api::Parts& parts);
void add_feed_routes(std::vector<Route>& routes, const Api::Parts& parts);
void add_health_routes(std::vector<Route>& routes, const Api::Parts& parts);

}  // namespace faultline::chaos
