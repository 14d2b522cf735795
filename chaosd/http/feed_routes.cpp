#include "chaosd/http/api.hpp"
#include "chaosd/http/experiment_json.hpp"
#include "chaosd/http/parameters.hpp"
#include "chaosd/http/reply.hpp"
#include "common/wire/chaos_json.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

// Below the server's header timeout, which Pistache also applies to a request that waits.
constexpr std::int64_t kWaitMaxMs = 30'000;

const char* word_for(ChaosEvent::Kind kind) {
  switch (kind) {
    case ChaosEvent::Kind::target_state: return "target_state";
    case ChaosEvent::Kind::fault_state: return "fault_state";
    case ChaosEvent::Kind::experiment_state: return "experiment_state";
  }
  FAULTLINE_ENSURE(false, "every kind has a name");
}

json to_json(const ChaosEvent& event) {
  return {{"seq", event.seq},
          {"at_ms", to_ms(event.at)},
          {"kind", word_for(event.kind)},
          {"target", event.target},
          {"node_id", wire::or_null(event.node_id)},
          {"fault_id", event.fault_id ? json(event.fault_id->value) : json(nullptr)},
          {"experiment_id", wire::or_null(event.experiment_id)},
          {"state", event.state},
          {"sentence", event.sentence}};
}

/// Everything as of now, which may be a little newer than the batch, never older.
json to_json(const FeedBatch& batch, const ChaosService& service,
             const ExperimentService& experiments) {
  json events = json::array();
  for (const auto& event : batch.events) events.push_back(to_json(event));
  json targets = json::array();
  for (const auto& target : service.known_targets()) targets.push_back(wire::to_json(target));
  json faults = json::array();
  for (const auto& fault : service.recent_faults()) faults.push_back(wire::to_json(fault));
  json recent = json::array();
  for (const auto& experiment : experiments.recent()) recent.push_back(to_json(experiment));
  return {{"boot", batch.boot}, {"seq", batch.seq}, {"gap", batch.gap},     {"events", events},
          {"targets", targets}, {"faults", faults}, {"experiments", recent}};
}

void answer_events(const Api::Parts& parts, const Call& call, const Responder& respond) {
  const auto after = number_parameter(call, "after", 0, std::int64_t{1} << 53);
  if (!after) return respond(error_reply(after.error()));
  const auto wait = number_parameter(call, "wait_ms", 0, kWaitMaxMs);
  if (!wait) return respond(error_reply(wait.error()));
  FeedQuery query;
  query.after = *after;
  query.wait = milliseconds{wait->value_or(0)};
  if (const auto boot = call.query.find("boot"); boot != call.query.end()) {
    query.boot = boot->second;
  }
  const auto accepted =
      parts.feed.poll(query, parts.clock.now().steady,
                      [&service = parts.service, &experiments = parts.experiments,
                       respond](const FeedBatch& batch) {
                        respond(json_reply(200, to_json(batch, service, experiments)));
                      });
  if (accepted) return;
  Reply reply = error_reply(accepted.error());
  reply.headers.emplace_back("Retry-After", "1");
  respond(std::move(reply));
}

}  // namespace

void add_feed_routes(std::vector<Route>& routes, const Api::Parts& parts) {
  routes.push_back({"GET", "/api/chaos/v1/events", Role::viewer,
                    [parts](const Call& call, const Responder& respond) {
                      answer_events(parts, call, respond);
                    }});
}

}  // namespace faultline::chaos
