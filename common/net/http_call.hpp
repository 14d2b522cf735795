#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/net/address_book.hpp"
#include "common/net/tls_trust.hpp"

namespace faultline::net {

struct HttpRequest {
  std::string endpoint;  ///< "host:port" or "unix:/path"; see parse_endpoint.
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::size_t response_limit = 16U << 20U;  ///< Bytes of body; more is an error.
  /// Null: in clear. Else HTTPS: the peer's certificate must be signed by one of these and be
  /// for the host of `endpoint`, by name or by address; ours is shown where it is asked for.
  /// Not for unix sockets.
  std::shared_ptr<const TlsTrust> tls = {};
};

struct HttpResponse {
  int status = 0;
  std::string content_type;
  std::string body;
  std::map<std::string, std::string> headers = {};  ///< Names in lower case.
};

/// How many requests are made side by side.
struct Pace {
  std::size_t at_once = 16;  ///< Places; a request takes one and leaves it when it has ended.
  /// After so long it leaves its place to the next all the same, and goes on: the silent
  /// cannot keep the others waiting.
  milliseconds patience{500};
};

/// HTTP/1.1 requests, in clear or over TLS, one connection each, that are over by their
/// deadline even against a peer that accepts and says nothing. A response of any status is
/// a value. Errors: `invalid` (endpoint), `unavailable` (refused, reset, no route,
/// no such name), `timeout`, `too_large`, `upstream` (no HTTP, no TLS, a certificate that we
/// do not believe: it answers all the same). Holds no state: any thread.
class HttpClient {
 public:
  /// `book` outlives this.
  explicit HttpClient(AddressBook& book) : book_(book) {}

  [[nodiscard]] Result<HttpResponse> call(const HttpRequest& request, Deadline deadline);
  /// All at once on the calling thread; answers in the order of the requests.
  [[nodiscard]] std::vector<Result<HttpResponse>> call_all(const std::vector<HttpRequest>& requests,
                                                           Deadline deadline);
  /// The same a few at a time, the next as soon as there is a place; tells each answer, by its
  /// place in `requests`, on the calling thread as it comes, so that not all are held at once.
  /// `on_answer` makes no calls itself.
  void call_each(const std::vector<HttpRequest>& requests, Pace pace, Deadline deadline,
                 const std::function<void(std::size_t, Result<HttpResponse>)>& on_answer);
  /// Whether something accepts TCP connections there: the time it took.
  [[nodiscard]] std::vector<Result<milliseconds>> connect_all(
      const std::vector<std::string>& endpoints, Deadline deadline);
  /// Whether something there says anything at all to `greeting`: the time it took. For what
  /// speaks no HTTP; the connection is closed after the first byte.
  [[nodiscard]] std::vector<Result<milliseconds>> greet_all(
      const std::vector<std::string>& endpoints, const std::string& greeting, Deadline deadline);

 private:
  AddressBook& book_;
};

}  // namespace faultline::net
