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
  WallTime told_at = {};
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

/// Tier T1: /_status/vars of every node whose HTTP address is known, a few at a time, those last
/// that are known to be silent. For the others it
/// asks the node itself over a short SQL session, at most once in half a minute, and again when
/// anything else says that another node is there. A node whose
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

  /// Kept open. Another connection may be another node.
  struct OverSql {
    std::unique_ptr<sql::Session> session;
    std::int64_t generation = 0;  ///< In which it said who it is.
    NodeId id;
    bool late = false;  ///< The last try ended before it was connected.
  };

  /// Whether its page is worth a try now.
  [[nodiscard]] bool is_open(const std::optional<std::string>& http) const;
  void identify(const std::vector<Member>& members, Deadline deadline);
  /// One that was late in an earlier read, with all the time that is left of this one; none
  /// where `sql` is empty.
  void identify_late(const std::string& sql, Deadline deadline);
  void ask_identity(const std::string& sql, Deadline deadline);
  void keep(NodeIdentity identity);
  /// What is not theirs any more, or what they contradict, is asked anew.
  void forget(const std::vector<Member>& members);
  void forget_contradicted(const std::vector<NodeMetrics>& pages);
  void read_pages(const std::vector<Member>& members, Deadline deadline, MetricsPart& part);
  void read_over_sql(const std::vector<Member>& members, Deadline deadline,
                     std::vector<NodeMetrics>& pages);
  [[nodiscard]] NodeMetrics over_sql(const NodeIdentity& identity, Deadline deadline);
  /// Who is at the other end of the session, asked once per connection.
  [[nodiscard]] Result<NodeId> id_of(OverSql& open, const NodeIdentity& identity,
                                     Deadline deadline);
  /// What keeps a page closed; empty: nothing does. `doubtful`: the node answers elsewhere.
  [[nodiscard]] std::optional<Closed> why_closed(const std::string& address,
                                                 const Result<net::HttpResponse>& answer,
                                                 bool doubtful) const;
  [[nodiscard]] std::vector<NodeMetrics> pages(const std::vector<std::string>& addresses,
                                               const std::set<std::string>& doubtful,
                                               Deadline deadline);
  [[nodiscard]] NodeMetrics page_of(const std::string& address,
                                    const Result<net::HttpResponse>& answer) const;

  Roster& roster_;
  NodeHttp& nodes_;
  sql::SessionFactory dial_;
  const Clock& clock_;
  std::map<std::string, NodeIdentity> identities_;  ///< By SQL address.
  std::map<std::string, SteadyTime> next_try_;      ///< By SQL address.
  std::map<std::string, Closed> closed_;            ///< By HTTP address.
  std::map<std::string, std::string> refused_;      ///< By SQL address: why it told nothing.
  std::set<std::string> late_;                      ///< SQL addresses to ask with patience.
  std::map<std::string, OverSql> sessions_;         ///< Of nodes without pages, by SQL address.
  bool learnt_ = false;                             ///< In this read, who is where.
  std::string last_read_over_sql_;  ///< Where the next read goes on, so that each has its turn.
};

}  // namespace faultline::sources
