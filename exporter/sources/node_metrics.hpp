#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/poll/source.hpp"
#include "exporter/sources/node_http.hpp"
#include "exporter/sources/roster.hpp"
#include "exporter/sources/sql_session.hpp"
#include "exporter/sources/vars_text.hpp"

namespace faultline::sources {

/// The page of one address, or why there is none.
struct NodeMetrics {
  std::string http;  ///< Where we asked; empty: over SQL.
  std::optional<NodeVars> vars;
  std::string error;
  WallTime read_at;
};

/// Which node listens where, as it told us itself over SQL.
struct NodeIdentity {
  std::string sql;
  NodeId id;
  std::optional<std::string> http;  ///< Empty where we cannot ask it.
  bool http_in_clear = true;        ///< As it says of itself.
};

struct MetricsPart {
  std::vector<NodeMetrics> pages;
  std::vector<NodeIdentity> identities;
};

/// crdb_internal.node_metrics of one node: the SQL twin of its page.
[[nodiscard]] Result<NodeVars> parse_node_metrics(NodeId id, const sql::Rows& rows);

/// Who a session's node is and where its HTTP port is; a wildcard host becomes that of `sql`.
[[nodiscard]] Result<NodeIdentity> parse_runtime_info(const std::string& sql,
                                                      const sql::Rows& rows);

/// Tier T1: /_status/vars of every node whose HTTP address is known. For the others it
/// asks the node itself over a short SQL session, at most once in half a minute. A node whose
/// page cannot be opened (no CA for its HTTPS, a certificate that is not believed, a port that
/// is out of reach) gives the same gauges over SQL, and its page is tried again now and then.
class MetricsSource final : public poll::Source<MetricsPart> {
 public:
  static const std::string kRuntimeStatement;
  static const std::string kGaugesStatement;

  /// All outlive this. `clock` is for the pauses and the times of the pages.
  MetricsSource(Roster& roster, NodeHttp& nodes, sql::SessionFactory dial, const Clock& clock)
      : roster_(roster), nodes_(nodes), dial_(std::move(dial)), clock_(clock) {}

  [[nodiscard]] Result<MetricsPart> read(Deadline deadline) override;

 private:
  /// A page that could not be opened, and why.
  struct Closed {
    std::string reason;
    SteadyTime retry_at;
  };

  /// Whether its page is worth a try now.
  [[nodiscard]] bool is_open(const std::optional<std::string>& http) const;
  void identify(const std::vector<Member>& members, Deadline deadline);
  void read_over_sql(const std::vector<Member>& members, Deadline deadline,
                     std::vector<NodeMetrics>& pages);
  [[nodiscard]] NodeMetrics over_sql(const NodeIdentity& identity, Deadline deadline);
  /// What keeps a page closed; empty: nothing does. `doubtful`: the node answers elsewhere.
  [[nodiscard]] std::optional<Closed> why_closed(const std::string& address,
                                                 const Result<net::HttpResponse>& answer,
                                                 bool doubtful) const;
  [[nodiscard]] std::vector<NodeMetrics> pages(const std::vector<std::string>& addresses,
                                               const std::set<std::string>& doubtful,
                                               Deadline deadline);

  Roster& roster_;
  NodeHttp& nodes_;
  sql::SessionFactory dial_;
  const Clock& clock_;
  std::map<std::string, NodeIdentity> identities_;  ///< By SQL address.
  std::map<std::string, SteadyTime> next_try_;      ///< By SQL address.
  std::map<std::string, Closed> closed_;            ///< By HTTP address.
  std::map<std::string, std::string> refused_;      ///< By SQL address: why it told nothing.
  /// Kept open, one for each node without pages, by SQL address.
  std::map<std::string, std::unique_ptr<sql::Session>> sessions_;
  std::size_t told_identities_ = 0;
  std::string last_read_over_sql_;  ///< Where the next read goes on, so that each has its turn.
};

}  // namespace faultline::sources
