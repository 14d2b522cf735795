#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace faultline::chaos {

/// One request as the server read it: nothing decoded, nothing believed.
struct HttpRequestIn {
  std::string method;
  std::string path;                          ///< Without the query, not percent-decoded.
  std::map<std::string, std::string> query;  ///< Not percent-decoded.
  std::optional<std::string> host;
  std::optional<std::string> origin;
  std::optional<std::string> content_type;
  std::optional<std::string> authorization;
  std::string body;
  std::string remote;
  std::optional<std::string> idempotency_key = {};
  std::optional<std::string> request_id = {};  ///< What the caller calls it.
};

struct Reply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string outcome = {};  ///< For the audit: one sentence, never a secret.
};

/// Sends the one reply to a request; may be called from another thread, later.
using Responder = std::function<void(Reply)>;

/// "%41" to "A". `malformed` on a cut or wrong escape, and on a control character,
/// which no name of ours has. '+' is a space only in a query.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// The whole text as a whole number, or nothing: no sign but '-', no spaces, no overflow.
[[nodiscard]] std::optional<std::int64_t> strict_integer(std::string_view text);

}  // namespace faultline::chaos
