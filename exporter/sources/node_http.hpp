#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/net/http_call.hpp"

namespace faultline::sources {

/// The nodes' own HTTP ports: in clear, or with a certs dir over TLS, believing who signed
/// ca-ui.crt, or without one ca.crt, as `cockroach` does. The file is read anew now and then,
/// as libpq reads it at each login: a new CA needs no restart. /health and /_status/vars
/// want no login. Any thread.
class NodeHttp {
 public:
  /// Both outlive this. An empty `certs_dir`: an insecure cluster.
  NodeHttp(net::HttpClient& client, std::string certs_dir, const Clock& clock)
      : client_(client), certs_dir_(std::move(certs_dir)), clock_(clock) {}

  /// GET `target` of all at once, as HttpClient::call_all.
  [[nodiscard]] std::vector<Result<net::HttpResponse>> get_all(
      const std::vector<std::string>& addresses, const std::string& target,
      std::size_t response_limit, Deadline deadline);

  /// The same a few at a time, as HttpClient::call_each.
  void get_each(const std::vector<std::string>& addresses, const std::string& target,
                std::size_t response_limit, net::Pace pace, Deadline deadline,
                const std::function<void(std::size_t, Result<net::HttpResponse>)>& on_answer);

  [[nodiscard]] bool is_secure() const { return !certs_dir_.empty(); }
  /// Over TLS: its URL begins with https.
  [[nodiscard]] bool over_tls(const std::string& address) const;

  /// A secure node may serve HTTP in clear on its own machine. Only what it says itself, over
  /// SQL and so over TLS, may bring us to that: never a handshake that fails.
  void expect_clear(const std::string& address);
  /// It sent us to https.
  void expect_tls(const std::string& address);

 private:
  static constexpr milliseconds kReadCaEvery{60'000};

  /// What to send to those that may be asked; `asked`: their places in `addresses`. `why_not`:
  /// what keeps the others from being asked.
  [[nodiscard]] std::vector<net::HttpRequest> requests(const std::vector<std::string>& addresses,
                                                       const std::string& target,
                                                       std::size_t response_limit,
                                                       std::vector<std::size_t>& asked,
                                                       std::optional<Error>& why_not);
  /// The CA as of lately, or why there is none.
  [[nodiscard]] Result<std::shared_ptr<const net::TlsTrust>> trust();

  net::HttpClient& client_;
  const std::string certs_dir_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // Guards what follows.
  Result<std::shared_ptr<const net::TlsTrust>> trust_ = std::shared_ptr<const net::TlsTrust>{};
  SteadyTime read_due_ = SteadyTime::min();
  std::set<std::string> in_clear_;
};

}  // namespace faultline::sources
