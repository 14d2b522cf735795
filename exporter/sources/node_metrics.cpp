#include "exporter/sources/node_metrics.hpp"

#include <algorithm>
#include <set>

#include "common/net/address_book.hpp"
#include "exporter/sources/cells.hpp"

namespace faultline::sources {

namespace {

constexpr milliseconds kIdentifyEvery{30'000};
/// A login over TLS with a password takes a busy node some hundreds of milliseconds.
constexpr milliseconds kIdentifyBudget{800};
/// After a page was not to be opened; each try of HTTPS is a handshake.
constexpr milliseconds kClosedFor{60'000};
constexpr std::size_t kPagesAtOnce = 16;  ///< A page is 300 KB: 200 at once would be 60 MB.
constexpr std::size_t kPageLimit = 8U << 20U;

bool is_wildcard(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::" || host == "[::]";
}

}  // namespace

const std::string MetricsSource::kRuntimeStatement =
    "SELECT node_id, component, field, value FROM crdb_internal.node_runtime_info"
    " WHERE component = 'UI'";

// All names of all versions: those that a version lacks have no rows.
const std::string MetricsSource::kGaugesStatement =
    "SELECT store_id, name, value FROM crdb_internal.node_metrics WHERE name IN"
    " ('ranges', 'ranges.unavailable', 'ranges.underreplicated', 'replicas',"
    " 'replicas.leaseholders', 'liveness.livenodes', 'rpc.heartbeats.nominal',"
    " 'rpc.heartbeats.initializing', 'rpc.connection.healthy', 'rpc.connection.unhealthy')";

Result<NodeVars> parse_node_metrics(NodeId id, const sql::Rows& rows) {
  NodeVars vars;
  vars.node_id = id;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "node_metrics row " + std::to_string(i + 1)};
    const auto store = cells.maybe_integer(0, "store_id");
    auto name = cells.text(1, "name");
    const auto value = cells.text(2, "value");
    if (cells.error()) return *cells.error();
    std::replace(name.begin(), name.end(), '.', '_');
    add_gauge(vars, name, store ? std::optional{StoreId{*store}} : std::nullopt, value);
  }
  if (!vars.live_nodes) {
    return Error{ErrorCode::upstream, "node_metrics has no liveness.livenodes"};
  }
  return vars;
}

Result<NodeIdentity> parse_runtime_info(const std::string& sql, const sql::Rows& rows) {
  NodeIdentity identity{sql, {}, {}, true};
  std::string host;
  std::string port;
  std::string scheme = "http";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "node_runtime_info row " + std::to_string(i + 1)};
    identity.id = NodeId{cells.integer(0, "node_id")};
    const auto field = cells.text(2, "field");
    const auto value = cells.text(3, "value");
    if (cells.error()) return *cells.error();
    if (field == "Host") host = value;
    if (field == "Port") port = value;
    if (field == "Scheme") scheme = value;
  }
  if (identity.id.value < 1) {
    return Error{ErrorCode::upstream, "node_runtime_info does not say which node this is"};
  }
  if (is_wildcard(host)) {
    if (const auto endpoint = net::parse_endpoint(sql)) host = endpoint->host;
  }
  if (host.find(':') != std::string::npos && !host.starts_with('[')) host = "[" + host + "]";
  const auto address = host + ":" + port;
  if (net::parse_endpoint(address)) identity.http = address;
  identity.http_in_clear = scheme == "http";
  return identity;
}

Result<MetricsPart> MetricsSource::read(Deadline deadline) {
  const auto members = roster_.members();
  identify(members, deadline);
  std::set<std::string> addresses;
  std::set<NodeId> covered;
  std::set<std::string> doubtful;
  for (const auto& member : members) {
    if (is_open(member.http)) addresses.insert(*member.http);
    if (member.http && member.id) covered.insert(*member.id);
    // It answers, and not to the question whether it is ready: over SQL alone, it may be.
    if (member.http && member.answering == Answering::answers) doubtful.insert(*member.http);
  }
  MetricsPart part;
  for (const auto& [sql, identity] : identities_) {
    part.identities.push_back(identity);
    if (is_open(identity.http) && !covered.contains(identity.id)) addresses.insert(*identity.http);
  }
  part.pages = pages({addresses.begin(), addresses.end()}, doubtful, deadline);
  read_over_sql(members, deadline, part.pages);
  const bool any = std::any_of(part.pages.begin(), part.pages.end(),
                               [](const NodeMetrics& page) { return page.vars.has_value(); });
  // Who is where is worth telling once, also while no node gives its metrics.
  const bool learnt = identities_.size() != told_identities_;
  told_identities_ = identities_.size();
  if (any || learnt) return part;
  if (part.pages.empty() && !closed_.empty()) {
    return Error{ErrorCode::unavailable,
                 "no node gives its metrics: " + closed_.begin()->second.reason};
  }
  if (part.pages.empty() && !refused_.empty()) {
    return Error{ErrorCode::unavailable,
                 "no node tells where its metrics are: " + refused_.begin()->second};
  }
  if (part.pages.empty()) {
    return Error{ErrorCode::unavailable, "no node's HTTP address is known yet"};
  }
  return Error{ErrorCode::unavailable, "no node gives its metrics: " + part.pages.front().error};
}

void MetricsSource::identify(const std::vector<Member>& members, Deadline deadline) {
  for (const auto& member : members) {
    const bool has_page = member.id && member.http && !closed_.contains(*member.http);
    const bool needed = !member.sql.empty() && !has_page && member.answering != Answering::silent &&
                        !identities_.contains(member.sql);
    const auto now = std::chrono::steady_clock::now();
    if (!needed || now + kIdentifyBudget > deadline) continue;
    auto& next_try = next_try_.try_emplace(member.sql, SteadyTime::min()).first->second;
    if (clock_.steady() < next_try) continue;
    next_try = clock_.steady() + kIdentifyEvery;
    const auto session = dial_(member.sql);
    const auto rows = session->query(kRuntimeStatement, now + kIdentifyBudget);
    refused_.erase(member.sql);
    if (!rows) {
      refused_.insert_or_assign(member.sql, rows.error().message);
      continue;
    }
    auto identity = parse_runtime_info(member.sql, *rows);
    if (!identity) continue;
    if (identity->http && nodes_.is_secure() && identity->http_in_clear) {
      nodes_.expect_clear(*identity->http);
    }
    // A secure node that we were told nothing of how to believe it.
    if (!nodes_.is_secure() && !identity->http_in_clear) identity->http.reset();
    identities_.insert_or_assign(member.sql, std::move(identity).value());
  }
}

bool MetricsSource::is_open(const std::optional<std::string>& http) const {
  if (!http) return false;
  const auto closed = closed_.find(*http);
  return closed == closed_.end() || clock_.steady() >= closed->second.retry_at;
}

void MetricsSource::read_over_sql(const std::vector<Member>& members, Deadline deadline,
                                  std::vector<NodeMetrics>& pages) {
  std::map<std::string, NodeIdentity> without_page;
  for (const auto& member : members) {
    const auto identity = identities_.find(member.sql);
    const auto has_page = [&](const std::optional<std::string>& http) {
      return http && !closed_.contains(*http);
    };
    const bool needed = !has_page(member.http) && member.answering != Answering::silent &&
                        identity != identities_.end() && !has_page(identity->second.http);
    if (needed) without_page.insert(*identity);
  }
  std::erase_if(sessions_, [&](const auto& item) { return !without_page.contains(item.first); });
  // One after the other, each within its own limit, going on where the last read ended: a
  // node that hangs costs its limit and not the others' turn.
  auto next = without_page.upper_bound(last_read_over_sql_);
  for (std::size_t i = 0; i < without_page.size(); ++i) {
    if (next == without_page.end()) next = without_page.begin();
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) break;
    pages.push_back(over_sql(next->second, std::min(deadline, now + kIdentifyBudget)));
    last_read_over_sql_ = next->first;
    ++next;
  }
}

NodeMetrics MetricsSource::over_sql(const NodeIdentity& identity, Deadline deadline) {
  NodeMetrics page{{}, {}, {}, clock_.wall()};
  auto& session = sessions_[identity.sql];
  if (!session) session = dial_(identity.sql);
  const auto rows = session->query(kGaugesStatement, deadline);
  if (!rows) {
    page.error = identity.sql + ": " + rows.error().message;
  } else if (auto vars = parse_node_metrics(identity.id, *rows)) {
    page.vars = std::move(vars).value();
  } else {
    page.error = identity.sql + ": " + vars.error().message;
  }
  const auto closed = identity.http ? closed_.find(*identity.http) : closed_.end();
  if (!page.vars && closed != closed_.end()) page.error += "; its page: " + closed->second.reason;
  return page;
}

std::optional<MetricsSource::Closed> MetricsSource::why_closed(
    const std::string& address, const Result<net::HttpResponse>& answer, bool doubtful) const {
  if (answer && answer->status >= 300 && answer->status < 400) {
    const std::string reason = "it sends us to https";
    if (!nodes_.is_secure()) {
      return Closed{reason + ", which needs --cockroach.certs-dir", SteadyTime::max()};
    }
    nodes_.expect_tls(address);
    return Closed{reason, clock_.steady()};
  }
  if (answer) return std::nullopt;
  const auto& error = answer.error();
  // No CA, no TLS, a certificate that is not believed: so it stays for a while. A node that
  // does not answer may be back in a moment, unless it is only this port that is out of reach.
  const bool refused = error.code == ErrorCode::upstream || error.code == ErrorCode::invalid;
  if (!refused && !doubtful) return std::nullopt;
  return Closed{error.message, clock_.steady() + kClosedFor};
}

std::vector<NodeMetrics> MetricsSource::pages(const std::vector<std::string>& addresses,
                                              const std::set<std::string>& doubtful,
                                              Deadline deadline) {
  std::vector<NodeMetrics> found;
  for (std::size_t begin = 0; begin < addresses.size(); begin += kPagesAtOnce) {
    const auto end = std::min(begin + kPagesAtOnce, addresses.size());
    const std::vector<std::string> some{addresses.begin() + static_cast<std::ptrdiff_t>(begin),
                                        addresses.begin() + static_cast<std::ptrdiff_t>(end)};
    const auto answers = nodes_.get_all(some, "/_status/vars", kPageLimit, deadline);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (auto closed = why_closed(some[i], answers[i], doubtful.contains(some[i]))) {
        closed_.insert_or_assign(some[i], std::move(*closed));
        continue;
      }
      NodeMetrics page{some[i], {}, {}, clock_.wall()};
      if (!answers[i]) {
        page.error = answers[i].error().message;
      } else if (answers[i]->status != 200) {
        page.error = "/_status/vars answers " + std::to_string(answers[i]->status);
      } else if (auto vars = parse_vars(answers[i]->body)) {
        page.vars = std::move(vars).value();
        closed_.erase(some[i]);
      } else {
        page.error = vars.error().message;
      }
      found.push_back(std::move(page));
    }
  }
  return found;
}

}  // namespace faultline::sources
