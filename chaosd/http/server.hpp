#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "chaosd/http/api.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

struct ServerOptions {
  std::string listen_address;  ///< host:port; port 0 takes a free one.
  int threads = 2;
};

/// The Api behind Pistache 0.0.5, which is seen nowhere else. It parses leniently
/// and cannot stream: chaosd listens on loopback or a private network, with a proxy
/// in front that sends it whole, well-formed requests.
class HttpServer {
 public:
  /// Serves from its own threads until `stop`. `api` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const ServerOptions& options,
                                                                 const Api& api, Logger log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Lets requests in flight be answered, for `patience` at most, then closes.
  void stop(milliseconds patience);

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace faultline::chaos
