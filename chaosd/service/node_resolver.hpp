#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/service/chaos_clock.hpp"
#include "chaosd/service/target_board.hpp"
#include "common/net/http_call.hpp"

namespace faultline::chaos {

/// Reads the nodes out of the exporter's GET /api/v1/state. Pure.
[[nodiscard]] Result<std::vector<NodeAddress>> read_nodes(std::string_view body);

/// Asks the exporter which node advertises which address, so that a fault can be
/// asked for by node id. One thread; without an exporter it is not started.
class NodeResolver {
 public:
  /// `client`, `board` and `clock` outlive this.
  NodeResolver(std::string exporter, net::HttpClient& client, TargetBoard& board,
               const ChaosClock& clock)
      : exporter_(std::move(exporter)), client_(client), board_(board), clock_(clock) {}

  void step();
  void run(const std::stop_token& stop);

 private:
  [[nodiscard]] Result<std::vector<NodeAddress>> ask();

  const std::string exporter_;
  net::HttpClient& client_;
  TargetBoard& board_;
  const ChaosClock& clock_;
};

}  // namespace faultline::chaos
