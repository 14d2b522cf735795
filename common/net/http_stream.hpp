#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "common/net/http_call.hpp"

namespace faultline::net {

/// A response that does not end, read line by line as it comes, in clear or over TLS: an event
/// feed.
/// Every wait is over by its deadline, or as soon as `stop` is requested, even
/// against a peer that accepts and says nothing. Closes when destroyed. One thread.
class HttpLineStream {
 public:
  /// Connects, sends, and reads the head of the answer. Another status than 200
  /// is `upstream` and carries the status. `response_limit` is per line.
  [[nodiscard]] static Result<std::unique_ptr<HttpLineStream>> open(AddressBook& book,
                                                                    const HttpRequest& request,
                                                                    Deadline deadline,
                                                                    const std::stop_token& stop);
  virtual ~HttpLineStream() = default;

  /// The next line without its end; nothing when the deadline passed or `stop` was
  /// requested first. A deadline in the past still hands out what is there already.
  /// `unavailable` when the peer ended the answer, `too_large` for an endless line.
  [[nodiscard]] virtual Result<std::optional<std::string>> next(Deadline deadline,
                                                                const std::stop_token& stop) = 0;
};

}  // namespace faultline::net
