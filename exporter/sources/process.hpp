#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/cluster/states.hpp"
#include "common/net/http_call.hpp"
#include "common/poll/source.hpp"
#include "exporter/sources/node_http.hpp"
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
/// answer of any status is also what GET /health would prove. A node that did not answer over
/// HTTP the last time (its address is not known, there is no CA to believe, or a firewall is
/// between) is asked on its SQL port as well whether it would speak TLS, which any node
/// answers before any login: the kernel of a paused process accepts too. Never fails as a
/// whole.
class ProcessSource final : public poll::Source<ProcessPart> {
 public:
  /// All outlive this; `http` is for the SQL ports, `nodes` for the others.
  ProcessSource(Roster& roster, net::HttpClient& http, NodeHttp& nodes)
      : roster_(roster), http_(http), nodes_(nodes) {}

  [[nodiscard]] Result<ProcessPart> read(Deadline deadline) override;

 private:
  using Greetings = std::map<std::string, Result<milliseconds>>;

  [[nodiscard]] Greetings greet(const std::vector<Member>& members,
                                const std::vector<Result<milliseconds>>& connected,
                                Deadline deadline);

  Roster& roster_;
  net::HttpClient& http_;
  NodeHttp& nodes_;
  std::set<std::string> spoke_;  ///< HTTP addresses that answered at the last read.
};

}  // namespace faultline::sources
