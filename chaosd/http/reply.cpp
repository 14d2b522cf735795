#include "chaosd/http/reply.hpp"

#include <utility>

#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

const char* title_of(int status) {
  switch (status) {
    case 400: return "The request cannot be read";
    case 401: return "A token is needed";
    case 403: return "Not allowed";
    case 404: return "Not found";
    case 405: return "Method not allowed";
    case 409: return "Not possible now";
    case 413: return "The request is too large";
    case 415: return "Wrong content type";
    case 422: return "A field cannot be used";
    case 501: return "Not supported here";
    case 502: return "The runtime answered with an error";
    case 503: return "Not available now";
    case 504: return "The runtime did not answer in time";
    default: return "Internal error";
  }
}

Reply problem(int status, const std::string& code, const std::string& detail, const json& errors) {
  json body{{"type", "urn:faultline:problem:" + code},
            {"title", title_of(status)},
            {"status", status},
            {"detail", detail},
            {"code", code}};
  if (!errors.empty()) body["errors"] = errors;
  return {status, wire::dump(body), "application/problem+json", {}, detail};
}

}  // namespace

int http_status(ErrorCode code) {
  switch (code) {  // No default: a new code does not compile until someone decides.
    case ErrorCode::malformed: return 400;
    case ErrorCode::invalid: return 422;
    case ErrorCode::unauthorized: return 401;
    case ErrorCode::forbidden: return 403;
    case ErrorCode::not_found: return 404;
    case ErrorCode::conflict: return 409;
    case ErrorCode::too_large: return 413;
    case ErrorCode::unsupported: return 501;
    case ErrorCode::unavailable: return 503;
    case ErrorCode::timeout: return 504;
    case ErrorCode::upstream: return 502;
    case ErrorCode::internal: return 500;
  }
  FAULTLINE_ENSURE(false, "every error code has a status");
}

Reply error_reply(const Error& error) {
  const bool is_ours = error.code == ErrorCode::internal;
  const std::string detail = is_ours ? "internal error, see the log" : error.message;
  json errors = json::array();
  if (!error.field.empty()) errors.push_back({{"pointer", error.field}, {"detail", detail}});
  Reply reply =
      problem(http_status(error.code), std::string{to_string(error.code)}, detail, errors);
  if (error.code == ErrorCode::unauthorized) {
    reply.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"faultline-chaosd\"");
  }
  return reply;
}

Reply problem_reply(int status, const std::string& code, const std::string& detail) {
  return problem(status, code, detail, json::array());
}

void add_request_id(Reply& reply, const std::string& id) {
  reply.headers.emplace_back("X-Request-Id", id);
  if (reply.content_type != "application/problem+json") return;
  json body = json::parse(reply.body, nullptr, false);
  if (!body.is_object()) return;
  body["request_id"] = id;
  reply.body = wire::dump(body);
}

Reply json_reply(int status, const json& body, std::string outcome) {
  return {status, wire::dump(body), "application/json", {}, std::move(outcome)};
}

}  // namespace faultline::chaos
