#include "exporter/sources/node_metrics.hpp"

#include <algorithm>
#include <iterator>
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
/// A page is 300 KB: 200 at once would be 60 MB. A silent one takes its place for so long only.
constexpr net::Pace kPagesAtOnce{16, milliseconds{500}};
/// For all that are known to be silent together, after the others: one may just be back.
constexpr milliseconds kSilentBudget{300};
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
  learnt_ = false;
  forget(members);
  const auto late = late_.empty() ? std::string{} : *late_.begin();
  identify(members, deadline);
  MetricsPart part;
  read_pages(members, deadline, part);
  read_over_sql(members, deadline, part.pages);
  identify_late(late, deadline);
  forget_contradicted(part.pages);
  for (const auto& [sql, identity] : identities_) part.identities.push_back(identity);
  const bool any = std::any_of(part.pages.begin(), part.pages.end(),
                               [](const NodeMetrics& page) { return page.vars.has_value(); });
  // Who is where is worth telling once, also while no node gives its metrics.
  if (any || learnt_) return part;
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

void MetricsSource::forget(const std::vector<Member>& members) {
  std::map<std::string, std::optional<NodeId>> known;
  for (const auto& member : members) known.emplace(member.sql, member.id);
  const auto is_gone = [&](const auto& item) { return !known.contains(item.first); };
  std::erase_if(next_try_, is_gone);
  std::erase_if(refused_, is_gone);
  std::erase_if(late_, [&](const auto& sql) {
    return std::none_of(members.begin(), members.end(), [&](const Member& member) {
      return member.sql == sql && member.answering != Answering::silent;
    });
  });
  std::erase_if(identities_, [&](const auto& item) {
    if (is_gone(item)) return true;
    const auto id = known.at(item.first);
    return id && *id != item.second.id;
  });
}

void MetricsSource::forget_contradicted(const std::vector<NodeMetrics>& pages) {
  std::map<std::string, NodeId> found;
  for (const auto& page : pages) {
    if (page.vars && page.vars->node_id) found.emplace(page.http, *page.vars->node_id);
  }
  std::erase_if(identities_, [&](const auto& item) {
    const auto& http = item.second.http;
    const auto page = http ? found.find(*http) : found.end();
    return page != found.end() && page->second != item.second.id;
  });
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
    ask_identity(member.sql, now + kIdentifyBudget);
  }
}

void MetricsSource::identify_late(const std::string& sql, Deadline deadline) {
  const bool time = std::chrono::steady_clock::now() + kIdentifyBudget <= deadline;
  if (sql.empty() || identities_.contains(sql) || !time) return;
  ask_identity(sql, deadline);
  late_.erase(sql);  // Until the next quick try is late, too.
}

void MetricsSource::ask_identity(const std::string& sql, Deadline deadline) {
  late_.erase(sql);
  refused_.erase(sql);
  const auto rows = dial_(sql)->query(kRuntimeStatement, deadline);
  if (!rows) {
    if (rows.error().code == ErrorCode::timeout) late_.insert(sql);
    refused_.insert_or_assign(sql, rows.error().message);
    return;
  }
  if (auto identity = parse_runtime_info(sql, *rows)) keep(std::move(identity).value());
}

void MetricsSource::keep(NodeIdentity identity) {
  identity.told_at = clock_.wall();
  if (identity.http && nodes_.is_secure() && identity.http_in_clear) {
    nodes_.expect_clear(*identity.http);
  }
  // A secure node that we were told nothing of how to believe it.
  if (!nodes_.is_secure() && !identity.http_in_clear) identity.http.reset();
  learnt_ = true;
  const auto sql = identity.sql;
  identities_.insert_or_assign(sql, std::move(identity));
}

void MetricsSource::read_pages(const std::vector<Member>& members, Deadline deadline,
                               MetricsPart& part) {
  std::set<NodeId> covered;
  for (const auto& member : members) {
    if (member.http && member.id) covered.insert(*member.id);
  }
  std::set<std::string> addresses;
  std::set<std::string> silent;
  std::set<std::string> doubtful;
  for (const auto& member : members) {
    auto http = member.http;
    const auto identity = identities_.find(member.sql);
    if (!http && identity != identities_.end() && !covered.contains(identity->second.id)) {
      http = identity->second.http;
    }
    if (!is_open(http)) continue;
    (member.answering == Answering::silent ? silent : addresses).insert(*http);
    // It answers, and not to the question whether it is ready: over SQL alone, it may be.
    if (member.http && member.answering == Answering::answers) doubtful.insert(*http);
  }
  for (const auto& address : addresses) silent.erase(address);
  part.pages = pages({addresses.begin(), addresses.end()}, doubtful, deadline);
  const auto for_silent = std::min(deadline, std::chrono::steady_clock::now() + kSilentBudget);
  auto late = pages({silent.begin(), silent.end()}, doubtful, for_silent);
  std::move(late.begin(), late.end(), std::back_inserter(part.pages));
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
    // One that could not be connected in that time, once, with all the time that is left.
    const auto limit = sessions_[next->first].late ? deadline : now + kIdentifyBudget;
    pages.push_back(over_sql(next->second, std::min(deadline, limit)));
    last_read_over_sql_ = next->first;
    ++next;
  }
}

NodeMetrics MetricsSource::over_sql(const NodeIdentity& identity, Deadline deadline) {
  NodeMetrics page{{}, {}, {}, clock_.wall()};
  auto& open = sessions_[identity.sql];
  if (!open.session) open.session = dial_(identity.sql);
  const auto rows = open.session->query(kGaugesStatement, deadline);
  open.late = !rows && rows.error().code == ErrorCode::timeout && open.session->generation() == 0;
  const auto id = rows ? id_of(open, identity, deadline) : Result<NodeId>{rows.error()};
  if (!id) {
    page.error = identity.sql + ": " + id.error().message;
  } else if (auto vars = parse_node_metrics(*id, *rows)) {
    page.vars = std::move(vars).value();
  } else {
    page.error = identity.sql + ": " + vars.error().message;
  }
  const auto closed = identity.http ? closed_.find(*identity.http) : closed_.end();
  if (!page.vars && closed != closed_.end()) page.error += "; its page: " + closed->second.reason;
  return page;
}

Result<NodeId> MetricsSource::id_of(OverSql& open, const NodeIdentity& identity,
                                    Deadline deadline) {
  const auto generation = open.session->generation();
  if (open.generation == generation) return open.id;
  const auto rows = open.session->query(kRuntimeStatement, deadline);
  if (!rows) return rows.error();
  auto told = parse_runtime_info(identity.sql, *rows);
  if (!told) return told.error();
  if (open.session->generation() != generation) {
    return Error{ErrorCode::unavailable, "the connection broke"};
  }
  open.generation = generation;
  open.id = told->id;
  if (open.id != identity.id) keep(std::move(told).value());
  return open.id;
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
  nodes_.get_each(addresses, "/_status/vars", kPageLimit, kPagesAtOnce, deadline,
                  [&](std::size_t i, const Result<net::HttpResponse>& answer) {
                    const auto& address = addresses[i];
                    if (auto closed = why_closed(address, answer, doubtful.contains(address))) {
                      closed_.insert_or_assign(address, std::move(*closed));
                      return;
                    }
                    found.push_back(page_of(address, answer));
                    if (found.back().vars) closed_.erase(address);
                  });
  // Not as they came: who is first gives the reason where there is no page at all.
  std::sort(found.begin(), found.end(),
            [](const NodeMetrics& a, const NodeMetrics& b) { return a.http < b.http; });
  return found;
}

NodeMetrics MetricsSource::page_of(const std::string& address,
                                   const Result<net::HttpResponse>& answer) const {
  NodeMetrics page{address, {}, {}, clock_.wall()};
  if (!answer) {
    page.error = answer.error().message;
  } else if (answer->status != 200) {
    page.error = "/_status/vars answers " + std::to_string(answer->status);
  } else if (auto vars = parse_vars(answer->body)) {
    page.vars = std::move(vars).value();
  } else {
    page.error = vars.error().message;
  }
  return page;
}

}  // namespace faultline::sources
