#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/cluster/states.hpp"
#include "common/net/http_call.hpp"
#include "common/poll/source.hpp"
#include "exporter/sources/roster.hpp"

namespace faultline::sources {

/// Whether one process answers us.
struct ProcessProbe {
  std::string sql;  ///< As in the roster; empty when only the HTTP address is known.
  std::optional<std::string> http;
  ProcessState state = ProcessState::unknown;
  std::string reason;         ///< Empty when all is well.
  std::optional<bool> ready;  ///< Empty when not asked, or not answered.
};

struct ProcessPart {
  std::vector<ProcessProbe> probes;
};

/// What the answers mean; pure. Empty optionals: not asked.
[[nodiscard]] ProcessProbe judge_process(const Member& member,
                                         const std::optional<Result<milliseconds>>& connected,
                                         const std::optional<Result<net::HttpResponse>>& ready,
                                         const std::optional<Result<milliseconds>>& greeted = {});

/// Tier T0: all processes at once: TCP to the SQL port and GET /health?ready=1, whose
/// answer of any status is also what GET /health would prove. A node without a known HTTP
/// address (all of a secure cluster: our client speaks no TLS) is asked on its SQL port
/// whether it would speak TLS, which any node answers before any login: the kernel of a
/// paused process accepts as well. Never fails as a whole.
class ProcessSource final : public poll::Source<ProcessPart> {
 public:
  /// Both outlive this.
  ProcessSource(Roster& roster, net::HttpClient& http) : roster_(roster), http_(http) {}

  [[nodiscard]] Result<ProcessPart> read(Deadline deadline) override;

 private:
  using Greetings = std::map<std::string, Result<milliseconds>>;

  [[nodiscard]] Greetings greet(const std::vector<Member>& members,
                                const std::vector<Result<milliseconds>>& connected,
                                Deadline deadline);

  Roster& roster_;
  net::HttpClient& http_;
};

}  // namespace faultline::sources
