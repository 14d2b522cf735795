#include "chaosd/faults/net_latency.hpp"

namespace faultline::chaos {

FaultShape NetLatencyFault::shape() const {
  return {.peers = FaultShape::Peers::optional,
          .directions = {NetDirection::out},
          .numbers = {{"latency_ms", 1, 60'000}, {"jitter_ms", 0, 60'000, false}},
          .takes_on_restart = true,
          .takes_path = true};
}

Status NetLatencyFault::fits(const FaultParams& params) const {
  if (params.path != NetPath::sql) return kDone;
  if (!params.peers.empty()) {
    return Error{ErrorCode::invalid,
                 "peers does not go with path sql, which is about clients and spares the peers; "
                 "leave one of the two out",
                 "/peers"};
  }
  const milliseconds most{params.number("latency_ms") + params.number("jitter_ms")};
  if (most > kMostBySql) {
    return Error{ErrorCode::invalid,
                 "latency_ms and jitter_ms are " + std::to_string(most.count()) +
                     " together; with path sql use up to " + std::to_string(kMostBySql.count()),
                 "/latency_ms"};
  }
  return kDone;
}

void NetLatencyFault::fill(NetRules& rules, const FaultParams& params) const {
  rules.effect = params.path == NetPath::sql ? NetEffect::relay : NetEffect::delay;
  rules.delay = milliseconds{params.number("latency_ms")};
  rules.jitter = milliseconds{params.number("jitter_ms")};
}

Result<NetPicture> NetLatencyFault::look(Runtime& runtime, const FaultOrder& order,
                                         Deadline deadline) const {
  if (order.params.path != NetPath::sql) return NetFault::look(runtime, order, deadline);
  const auto target = runtime.inspect(order.target_id, deadline);
  if (!target) return target.error();
  NetRules rules = begin(order, *target);
  rules.witnesses = ip_addresses(*target);
  // Not the gateways: by them come the clients from outside.
  auto ours = runtime.holds()->own_addresses(deadline);
  if (!ours) return ours.error();
  rules.exempt = std::move(ours).value();
  const auto others = runtime.list(deadline);
  if (!others) return others.error();
  for (const auto& other : *others) {
    if (other.id == order.target_id) continue;
    for (auto& address : ip_addresses(other)) rules.exempt.push_back(std::move(address));
  }
  return NetPicture{std::move(rules)};
}

}  // namespace faultline::chaos
