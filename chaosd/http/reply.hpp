#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "chaosd/http/request.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// The one table from our errors to HTTP.
[[nodiscard]] int http_status(ErrorCode code);

/// RFC 9457 problem+json. The message of an `internal` error is for the log only.
[[nodiscard]] Reply error_reply(const Error& error);
/// For the few statuses that are about HTTP itself and no error code of ours.
[[nodiscard]] Reply problem_reply(int status, const std::string& code, const std::string& detail);
/// As a header, and in the body of a problem, so that a caller can name the line of the log.
void add_request_id(Reply& reply, const std::string& id);
[[nodiscard]] Reply json_reply(int status, const nlohmann::json& body, std::string outcome = {});

}  // namespace faultline::chaos
