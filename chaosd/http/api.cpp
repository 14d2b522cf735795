#include "chaosd/http/api.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <utility>

#include "chaosd/http/reply.hpp"
#include "chaosd/service/digest.hpp"

namespace faultline::chaos {

namespace {

constexpr std::size_t kAuditTextMax = 300;

/// What makes two calls the same one.
std::string content_of(const HttpRequestIn& request) {
  std::string content = request.method + "\n" + request.path + "\n";
  for (const auto& [name, value] : request.query) content += name + "=" + value + "\n";
  return content + "\n" + request.body;
}

bool changes_something(const std::string& method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  for (std::size_t begin = 1; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    segments.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

/// Whether the path is the route's; gives what stands for "{id}".
bool matches(const Route& route, std::string_view path, std::string_view& id) {
  const auto wanted = segments_of(route.path);
  const auto given = segments_of(path);
  if (wanted.size() != given.size() || !path.starts_with('/')) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "{id}" && !given[i].empty()) {
      id = given[i];
    } else if (wanted[i] != given[i]) {
      return false;
    }
  }
  return true;
}

Status check_body(const HttpRequestIn& request) {
  if (request.body.size() > Api::kBodyMax) {
    return Error{ErrorCode::too_large,
                 "the body is over " + std::to_string(Api::kBodyMax) + " bytes"};
  }
  return kDone;
}

bool is_json(const HttpRequestIn& request) {
  if (!request.content_type) return false;
  std::string type = request.content_type->substr(0, request.content_type->find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type == "application/json";
}

/// What may stand in a header and in a log line as it is.
bool is_request_id(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  });
}

std::string shortened(std::string text) {
  if (text.size() > kAuditTextMax) text = text.substr(0, kAuditTextMax) + "…";
  return text;
}

}  // namespace

Api::Api(Parts parts, AccessRules rules) : parts_(std::move(parts)), access_(std::move(rules)) {
  add_fault_routes(routes_, parts_);
  add_plan_routes(routes_, parts_);
  add_experiment_routes(routes_, parts_);
  add_target_routes(routes_, parts_);
  add_feed_routes(routes_, parts_);
  add_lever_routes(routes_, parts_);
  add_metrics_route(routes_, parts_, counts_);
  add_health_routes(routes_, parts_);
}

const Route* Api::find(const HttpRequestIn& request, Call& call, Reply& refusal) const {
  std::string allowed;
  for (const auto& route : routes_) {
    std::string_view id;
    if (!matches(route, request.path, id)) continue;
    if (route.method != request.method) {
      allowed += (allowed.empty() ? "" : ", ") + route.method;
      continue;
    }
    auto decoded = percent_decode(id, false);
    if (!decoded) {
      refusal = error_reply(decoded.error());
      return nullptr;
    }
    call.id = std::move(decoded).value();
    return &route;
  }
  if (allowed.empty()) {
    refusal = error_reply(
        {ErrorCode::not_found, "nothing is served at this path; see /api/chaos/v1/openapi.yaml"});
  } else {
    refusal = problem_reply(405, "method_not_allowed",
                            request.method + " is not allowed here; use " + allowed);
    refusal.headers.emplace_back("Allow", allowed);
  }
  return nullptr;
}

/// One request on its way to its reply; outlives the call, as the reply may come later.
struct Api::Handling {
  HttpRequestIn request;  ///< Without the body and the token.
  std::string id;
  Role role = Role::anyone;
  std::optional<IdempotencyKey> key;  ///< In the book; empty: not there.
  std::optional<OnceKey> once;        ///< The same, with what it came with.
  std::atomic<bool> answered = false;
};

Status Api::check_mode(const Route& route, const HttpRequestIn& request) const {
  const ServiceMode mode = parts_.service.mode();
  if (!changes_something(request.method) || route.effect == Effect::none) return kDone;
  if (mode == ServiceMode::normal) return kDone;
  if (mode == ServiceMode::heal_only && route.effect == Effect::heals) return kDone;
  return Error{ErrorCode::forbidden, "this chaosd runs with --" + std::string{to_string(mode)} +
                                         ", which leaves this call out"};
}

bool Api::begin_once(Handling& handling, const HttpRequestIn& request,
                     const Responder& respond) const {
  if (!request.idempotency_key || !changes_something(request.method)) return true;
  const std::string digest = sha256_hex(content_of(request));
  // Callers of different roles do not see each other's answers.
  const IdempotencyKey key{std::string{to_string(handling.role)}, *request.idempotency_key};
  auto found = book_.begin(key, digest, parts_.clock.now().steady);
  if (found.refusal) {
    respond(error_reply(*found.refusal));
  } else if (found.replay) {
    respond(std::move(*found.replay));
  } else {
    handling.key = key;
    handling.once = OnceKey{name_of(key), digest};
    return true;
  }
  return false;
}

void Api::dispatch(const HttpRequestIn& request, const Responder& respond,
                   Handling& handling) const {
  if (const auto source = access_.check_source(request); !source) {
    return respond(error_reply(source.error()));
  }
  Call call{request, "", {}};
  Reply refusal;
  const Route* route = find(request, call, refusal);
  if (route == nullptr) return respond(std::move(refusal));
  if (route->needs != Role::anyone) {
    const auto who = access_.identify(request);
    if (!who) return respond(error_reply(who.error()));
    handling.role = *who;
    if (*who < route->needs) {
      return respond(error_reply(
          {ErrorCode::forbidden, "this needs the role " + std::string{to_string(route->needs)} +
                                     "; the caller is " + std::string{to_string(*who)}}));
    }
  }
  if (const auto mode = check_mode(*route, request); !mode) {
    return respond(error_reply(mode.error()));
  }
  for (const auto& [name, value] : request.query) {
    auto decoded_name = percent_decode(name, true);
    auto decoded = percent_decode(value, true);
    if (!decoded_name) return respond(error_reply(decoded_name.error()));
    if (!decoded) return respond(error_reply(decoded.error()));
    call.query[*decoded_name] = std::move(decoded).value();
  }
  if (const auto body = check_body(request); !body) return respond(error_reply(body.error()));
  if (!request.body.empty() && changes_something(request.method) && !is_json(request)) {
    return respond(problem_reply(415, "unsupported_media_type",
                                 "the body must come with Content-Type: application/json"));
  }
  if (!begin_once(handling, request, respond)) return;
  call.once = handling.once;
  route->handle(call, respond);
}

void Api::finish(Handling& handling, Reply reply, const Responder& respond) const {
  if (handling.answered.exchange(true)) return;
  if (handling.key) book_.finish(*handling.key, reply);
  counts_.count(reply.status);
  if (changes_something(handling.request.method)) write_audit(handling, reply);
  parts_.log->debug("request request_id={} method={} path={} status={}", handling.id,
                    handling.request.method, handling.request.path, reply.status);
  add_request_id(reply, handling.id);
  respond(std::move(reply));
}

void Api::handle(const HttpRequestIn& request, const Responder& respond) const {
  const auto handling = std::make_shared<Handling>();
  handling->request = {request.method, request.path, request.query, {}, {}, {}, {}, "",
                       request.remote};
  handling->id = request.request_id && is_request_id(*request.request_id)
                     ? *request.request_id
                     : parts_.service.run() + "-" + std::to_string(next_request_++);
  const Responder guarded = [this, handling, respond](Reply reply) {
    finish(*handling, std::move(reply), respond);
  };
  try {
    dispatch(request, guarded, *handling);
  } catch (const std::exception& exception) {
    parts_.log->error("request failed request_id={} method={} path={} error={}", handling->id,
                      request.method, request.path, exception.what());
    guarded(error_reply({ErrorCode::internal, exception.what()}));
  }
}

void Api::write_audit(const Handling& handling, const Reply& reply) const {
  const HttpRequestIn& request = handling.request;
  std::string path = request.path;
  // Only the parameters we know: a token that someone put into the address stays out.
  const char* separator = "?";
  for (const char* name : {"name", "duration_s"}) {
    const auto value = request.query.find(name);
    if (value == request.query.end()) continue;
    path += separator + std::string{name} + "=" + value->second;
    separator = "&";
  }
  parts_.audit.append({parts_.clock.now().wall, std::string{to_string(handling.role)},
                       request.remote, request.method.substr(0, 16), shortened(path), reply.status,
                       shortened(reply.outcome), handling.id});
}

}  // namespace faultline::chaos
