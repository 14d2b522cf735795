#include "exporter/observe/directory.hpp"

#include <set>
#include <utility>

#include "common/base/ensure.hpp"

namespace faultline::observe {

namespace {

template <class Part>
const Part* last_good(const std::optional<poll::Reading<Part>>& reading) {
  return reading ? reading->part.get() : nullptr;
}

WallTime time_of(const std::optional<poll::Reading<sources::GossipView>>& reading) {
  return reading ? reading->health.read_at.value_or(WallTime{}) : WallTime{};
}

/// One kind of address, SQL or HTTP.
struct Book {
  std::map<std::string, Owner>& owners;
  std::map<NodeId, std::string>& dials;
  std::map<NodeId, NodeId>& replaced_by;

  [[nodiscard]] bool is_owner(NodeId id, const std::string& address) const {
    const auto owner = owners.find(address);
    return owner != owners.end() && owner->second.id == id;
  }

  /// Whoever else was dialled there is not any more.
  void take(const std::string& address, NodeId id) {
    std::erase_if(dials, [&](const auto& item) {
      const bool other = item.first != id && item.second == address;
      if (other) replaced_by.insert_or_assign(item.first, id);
      return other;
    });
  }

  /// It answered there itself.
  void own(const std::string& address, NodeId id, WallTime at) {
    const auto [owner, is_new] = owners.try_emplace(address, Owner{id, at});
    if (owner->second.at > at) return;  // An old reading, told again.
    const bool changed = is_new || owner->second.id != id;
    owner->second = {id, at};
    if (changed) take(address, id);
    // The first address that proved itself stays, so that sessions do not move about.
    const auto dial = dials.find(id);
    if (dial == dials.end() || !is_owner(id, dial->second)) dials.insert_or_assign(id, address);
  }

  /// It says that it is there, since `at`: not against one that answered there later.
  void claim(const std::string& address, NodeId id, WallTime at) {
    if (const auto owner = owners.find(address); owner != owners.end() && owner->second.id != id) {
      if (owner->second.at >= at) {
        replaced_by.insert_or_assign(id, owner->second.id);
        return;
      }
      owner->second = {id, at};
    }
    const auto [dial, is_new] = dials.try_emplace(id, address);
    if (is_new || dial->second != address) take(address, id);
  }
};

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

/// What a gateway says of itself, and what the nodes advertise. Of two that advertise the same
/// address the one that started last is there.
void hear_gossip(Book& sql, const sources::GossipView& view, WallTime read_at) {
  sql.own(view.gateway, view.witness, read_at);
  std::map<std::string, const sources::GossipRow*> latest;
  for (const auto& row : view.rows) {
    if (!row.sql_address) continue;
    const auto*& last = latest[*row.sql_address];
    if (last == nullptr || row.started_at >= last->started_at) last = &row;
  }
  // Their clock is not ours.
  const auto behind = read_at - view.database_now;
  for (const auto& row : view.rows) {
    if (!row.sql_address) continue;
    const auto* last = latest.at(*row.sql_address);
    if (last == &row) {
      sql.claim(*row.sql_address, row.id, row.started_at ? *row.started_at + behind : WallTime{});
    } else {
      sql.replaced_by.insert_or_assign(row.id, last->id);
    }
  }
}

void hear_metrics(Directory& known, Book& sql, Book& http, const sources::MetricsPart& metrics) {
  for (const auto& page : metrics.pages) {
    if (!page.vars || !page.vars->node_id) continue;
    if (!page.http.empty()) http.own(page.http, *page.vars->node_id, page.read_at);
    for (const auto store : page.vars->stores) {
      known.stores.insert_or_assign(store, *page.vars->node_id);
    }
  }
  for (const auto& identity : metrics.identities) {
    sql.own(identity.sql, identity.id, identity.told_at);
    if (identity.http) http.claim(*identity.http, identity.id, identity.told_at);
  }
}

/// It left the cluster for good, and nothing is there any more: it never comes back.
bool has_left(const NodeView& node) {
  return node.liveness.state == Liveness::decommissioned &&
         answering_of(node.process) == sources::Answering::silent;
}

}  // namespace

Directory learn(Directory known, const Readings& readings) {
  Book sql{known.sql_owner, known.sql_dial, known.replaced_by};
  Book http{known.http_owner, known.http_dial, known.replaced_by};
  if (const auto* metrics = last_good(readings.metrics)) {
    hear_metrics(known, sql, http, *metrics);
  }
  const auto* older = &readings.gossip;
  const auto* younger = &readings.second_gossip;
  if (time_of(*older) > time_of(*younger)) std::swap(older, younger);
  for (const auto* reading : {older, younger}) {
    if (const auto* view = last_good(*reading)) hear_gossip(sql, *view, time_of(*reading));
  }
  std::erase_if(known.replaced_by, [&](const auto& item) {
    return known.sql_dial.contains(item.first) || known.http_dial.contains(item.first);
  });
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
  std::set<std::string> dialled;
  std::set<NodeId> ids;
  for (const auto& node : nodes) {
    if (has_left(node)) continue;
    sources::Member member{node.id, {}, {}, answering_of(node.process)};
    if (const auto sql = directory.sql_dial.find(node.id); sql != directory.sql_dial.end()) {
      member.sql = sql->second;
    }
    if (const auto http = directory.http_dial.find(node.id); http != directory.http_dial.end()) {
      member.http = http->second;
    }
    if (member.sql.empty() && !member.http) continue;
    dialled.insert(member.sql);
    if (member.http) dialled.insert(*member.http);
    ids.insert(node.id);
    members.push_back(std::move(member));
  }
  // Where one was that has gone since, another may be.
  const auto is_known = [&](const std::map<std::string, Owner>& owners, const std::string& seed) {
    const auto owner = owners.find(seed);
    return dialled.contains(seed) || (owner != owners.end() && ids.contains(owner->second.id));
  };
  for (const auto& seed : seeds.sql) {
    if (is_known(directory.sql_owner, seed)) continue;
    members.push_back({{}, seed, {}, sources::Answering::unknown});
  }
  for (const auto& seed : seeds.http) {
    if (is_known(directory.http_owner, seed)) continue;
    members.push_back({{}, {}, seed, sources::Answering::unknown});
  }
  return members;
}

}  // namespace faultline::observe
