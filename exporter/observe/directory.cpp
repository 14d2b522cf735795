#include "exporter/observe/directory.hpp"

#include <algorithm>

#include "common/base/ensure.hpp"

namespace faultline::observe {

namespace {

template <class Part>
const Part* last_good(const std::optional<poll::Reading<Part>>& reading) {
  return reading ? reading->part.get() : nullptr;
}

void own_sql(Directory& directory, const std::string& address, NodeId id) {
  directory.sql_owner.insert_or_assign(address, id);
  // The first address that proved itself stays, so that sessions do not move about.
  const auto dial = directory.sql_dial.find(id);
  if (dial == directory.sql_dial.end() || directory.sql_owner[dial->second] != id) {
    directory.sql_dial.insert_or_assign(id, address);
  }
}

void own_http(Directory& directory, const std::string& address, NodeId id) {
  directory.http_owner.insert_or_assign(address, id);
  const auto dial = directory.http_dial.find(id);
  if (dial == directory.http_dial.end() || directory.http_owner[dial->second] != id) {
    directory.http_dial.insert_or_assign(id, address);
  }
}

sources::Answering answering_of(const NodeProcess& process) {
  switch (process.state) {
    case ProcessState::reachable:
      return process.ready == true ? sources::Answering::ready : sources::Answering::answers;
    case ProcessState::unresponsive:
    case ProcessState::unreachable: return sources::Answering::silent;
    case ProcessState::unknown: return sources::Answering::unknown;
  }
  FAULTLINE_ENSURE(false, "every process state has its answering");
}

}  // namespace

Directory learn(Directory known, const Readings& readings) {
  if (const auto* metrics = last_good(readings.metrics)) {
    for (const auto& page : metrics->pages) {
      if (!page.vars || !page.vars->node_id) continue;
      if (!page.http.empty()) own_http(known, page.http, *page.vars->node_id);
      for (const auto store : page.vars->stores) {
        known.stores.insert_or_assign(store, *page.vars->node_id);
      }
    }
    for (const auto& identity : metrics->identities) {
      own_sql(known, identity.sql, identity.id);
      if (identity.http && !known.http_dial.contains(identity.id)) {
        known.http_dial.insert_or_assign(identity.id, *identity.http);
      }
    }
  }
  for (const auto* reading : {&readings.gossip, &readings.second_gossip}) {
    const auto* view = last_good(*reading);
    if (view == nullptr) continue;
    own_sql(known, view->gateway, view->witness);
    for (const auto& row : view->rows) {
      if (row.sql_address) known.sql_dial.try_emplace(row.id, *row.sql_address);
    }
  }
  if (const auto* placement = last_good(readings.placement)) {
    // Only to fill gaps: pages are younger.
    for (const auto& [store, node] : placement->stores) known.stores.try_emplace(store, node);
  }
  if (const auto* status = last_good(readings.kv_status)) {
    for (const auto& store : status->stores) known.stores.try_emplace(store.store, store.node);
  }
  return known;
}

std::vector<sources::Member> members_of(const Directory& directory, const Seeds& seeds,
                                        const std::vector<NodeView>& nodes) {
  std::vector<sources::Member> members;
  std::vector<std::string> dialled;
  for (const auto& node : nodes) {
    sources::Member member{node.id, {}, {}, answering_of(node.process)};
    if (const auto sql = directory.sql_dial.find(node.id); sql != directory.sql_dial.end()) {
      member.sql = sql->second;
    }
    if (const auto http = directory.http_dial.find(node.id); http != directory.http_dial.end()) {
      member.http = http->second;
    }
    if (member.sql.empty() && !member.http) continue;
    dialled.push_back(member.sql);
    if (member.http) dialled.push_back(*member.http);
    members.push_back(std::move(member));
  }
  const auto is_dialled = [&](const std::string& address) {
    return std::find(dialled.begin(), dialled.end(), address) != dialled.end();
  };
  for (const auto& seed : seeds.sql) {
    if (directory.sql_owner.contains(seed) || is_dialled(seed)) continue;
    members.push_back({{}, seed, {}, sources::Answering::unknown});
  }
  for (const auto& seed : seeds.http) {
    if (directory.http_owner.contains(seed) || is_dialled(seed)) continue;
    members.push_back({{}, {}, seed, sources::Answering::unknown});
  }
  return members;
}

}  // namespace faultline::observe
