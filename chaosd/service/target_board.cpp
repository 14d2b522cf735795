#include "chaosd/service/target_board.hpp"

#include <algorithm>
#include <utility>

namespace faultline::chaos {

namespace {

std::string host_of(const std::string& address) {
  const auto colon = address.rfind(':');
  const bool has_port = colon != std::string::npos &&
                        address.find(']', colon) == std::string::npos &&
                        (address.front() == '[' || address.find(':') == colon);
  std::string host = has_port ? address.substr(0, colon) : address;
  if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

bool has_address(const TargetInfo& target, const std::string& address) {
  return std::find(target.addresses.begin(), target.addresses.end(), address) !=
         target.addresses.end();
}

/// Whether a target says "this host, whatever the port".
bool has_host(const TargetInfo& target, const std::string& host) {
  return has_address(target, host);
}

std::string sentence_of(const TargetView& target) {
  std::string text = target.name + " is " + std::string{to_string(target.state)};
  if (target.node_id) text += " (n" + std::to_string(target.node_id->value) + ")";
  return text;
}

Error cannot_list(const std::string& why) {
  return {ErrorCode::unavailable, "the targets cannot be listed now: " + why};
}

FaultSupport of_kind(const std::vector<FaultSupport>& all, FaultKind kind) {
  for (const auto& one : all) {
    if (one.kind == kind) return one;
  }
  return {kind, Support::supported, ""};
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

std::optional<NodeId> node_of(const TargetInfo& target, const std::vector<TargetInfo>& targets,
                              const std::vector<NodeAddress>& nodes) {
  std::optional<NodeId> found;
  const auto take = [&](const NodeAddress& node) {
    // A replaced node leaves its address to a younger one, which has the higher id.
    if (!node.decommissioned && (!found || *found < node.id)) found = node.id;
  };
  for (const auto& node : nodes) {
    if (has_address(target, node.address)) take(node);
  }
  if (found) return found;
  for (const auto& node : nodes) {
    const std::string host = host_of(node.address);
    const auto claims = std::count_if(targets.begin(), targets.end(), [&](const auto& other) {
      return has_address(other, node.address) || has_host(other, host);
    });
    if (claims == 1 && has_host(target, host)) take(node);
  }
  return found;
}

TargetView TargetBoard::view_of(const TargetInfo& target) const {
  std::optional<NodeId> node;
  for (const auto& [id, node_id] : node_ids_) {
    if (id == target.id) node = node_id;
  }
  return {target.name,        target.id,        runtime_, target.state,
          target.state_since, target.addresses, node};
}

void TargetBoard::tell(const TargetView& target, const std::string& sentence, WallTime now) {
  feed_.publish({0, now, ChaosEvent::Kind::target_state, target.name, target.node_id, std::nullopt,
                 std::string{to_string(target.state)}, sentence});
}

std::vector<TargetInfo> TargetBoard::merged(const Result<std::vector<TargetInfo>>& listed,
                                            WallTime now, const std::string& host) {
  HostSight& sight = hosts_[host];
  std::vector<TargetInfo> targets = targets_;
  if (listed) {
    sight.listed_at = now;
    sight.list_error.clear();
    std::erase_if(targets, [&](const auto& target) { return target.host == host; });
    targets.insert(targets.end(), listed->begin(), listed->end());
    std::sort(targets.begin(), targets.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return targets;
  }
  sight.list_error = listed.error().message;
  sight.health = {false, sight.list_error};
  if (sight.listed_at && now - *sight.listed_at < kBlindAfter) return targets;
  for (auto& target : targets) {
    if (target.host != host || target.state == ContainerState::unknown) continue;
    target.state = ContainerState::unknown;
    target.state_since = now;
  }
  return targets;
}

std::vector<std::string> TargetBoard::put_targets(const Result<std::vector<TargetInfo>>& listed,
                                                  WallTime now, const std::string& host) {
  const std::lock_guard lock(mutex_);
  std::vector<TargetInfo> before = std::exchange(targets_, merged(listed, now, host));
  resolve();
  std::vector<std::string> changed;
  for (const auto& target : targets_) {
    const auto old = std::find_if(before.begin(), before.end(),
                                  [&](const auto& other) { return other.id == target.id; });
    if (old == before.end() || old->state != target.state || old->instance != target.instance) {
      tell(view_of(target), sentence_of(view_of(target)), now);
      changed.push_back(target.id);
    } else if (is_up(target) && old->addresses != target.addresses) {
      // Attached to a network, or taken from one: what is down loses its addresses at another
      // moment than its state.
      tell(view_of(target), target.name + " has other addresses now", now);
      changed.push_back(target.id);
    }
    if (old != before.end()) before.erase(old);
  }
  for (auto& gone : before) {
    gone.state = ContainerState::removed;
    tell(view_of(gone), sentence_of(view_of(gone)), now);
    changed.push_back(gone.id);
  }
  return changed;
}

void TargetBoard::put_runtime(const Result<std::string>& described, const std::string& host) {
  const std::lock_guard lock(mutex_);
  hosts_[host].health =
      described ? RuntimeHealth{true, *described} : RuntimeHealth{false, described.error().message};
}

void TargetBoard::put_support(std::vector<FaultSupport> support, const std::string& host) {
  const std::lock_guard lock(mutex_);
  hosts_[host].support = std::move(support);
}

FaultSupport TargetBoard::support_of(FaultKind kind) const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::vector<FaultSupport>> said;
  for (const auto& [host, sight] : hosts_) {
    if (sight.support) said[host] = *sight.support;
  }
  if (said.empty()) return {kind, Support::supported, ""};
  return of_kind(common_support(said), kind);
}

FaultSupport TargetBoard::support_of(FaultKind kind, const std::string& host) const {
  const std::lock_guard lock(mutex_);
  const auto found = hosts_.find(host);
  if (found == hosts_.end() || !found->second.support) return {kind, Support::supported, ""};
  return of_kind(*found->second.support, kind);
}

void TargetBoard::put_nodes(const Result<std::vector<NodeAddress>>& nodes, WallTime now) {
  const std::lock_guard lock(mutex_);
  nodes_ = nodes;
  if (!nodes) return;  // A node keeps its id while the exporter is away.
  known_nodes_ = *nodes;
  const auto before = node_ids_;
  resolve();
  // Told as news, or who waits for events would learn of it with the next one only.
  for (const auto& target : targets_) {
    const auto view = view_of(target);
    const auto is_same = [&](const auto& known) {
      return known.first == target.id && known.second == view.node_id;
    };
    if (!view.node_id || std::any_of(before.begin(), before.end(), is_same)) continue;
    tell(view, target.name + " is node " + std::to_string(view.node_id->value), now);
  }
}

void TargetBoard::resolve() {
  node_ids_.clear();
  for (const auto& target : targets_) {
    if (const auto node = node_of(target, targets_, known_nodes_)) {
      node_ids_.emplace_back(target.id, *node);
    }
  }
}

std::vector<TargetView> TargetBoard::targets() const {
  const std::lock_guard lock(mutex_);
  std::vector<TargetView> views;
  views.reserve(targets_.size());
  for (const auto& target : targets_) views.push_back(view_of(target));
  return views;
}

Result<TargetInfo> TargetBoard::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> meant;
  const TargetInfo* last = nullptr;
  for (const auto& target : targets_) {
    if (target.name == name) return target;
    if (target.host.empty() || target.name != name + "@" + target.host) continue;
    meant.push_back(target.name);
    last = &target;
  }
  if (meant.empty()) return Error{ErrorCode::not_found, "no target is named \"" + name + "\""};
  if (meant.size() == 1) return *last;
  return Error{ErrorCode::conflict,
               "\"" + name + "\" may be " + joined(meant) + "; name one of them", "/target"};
}

std::optional<TargetInfo> TargetBoard::find_by_id(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& target : targets_) {
    if (target.id == id) return target;
  }
  return std::nullopt;
}

std::optional<NodeId> TargetBoard::node_of_target(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  for (const auto& target : targets_) {
    if (target.name == name) return view_of(target).node_id;
  }
  return std::nullopt;
}

Result<TargetInfo> TargetBoard::find_node(NodeId id) const {
  const std::lock_guard lock(mutex_);
  if (node_ids_.empty()) {
    std::string why = "no exporter is configured (--exporter.address)";
    if (nodes_) {
      why = *nodes_ ? "no target has an address that a node advertises"
                    : "the exporter does not tell them: " + nodes_->error().message;
    }
    return Error{ErrorCode::conflict, "node ids are not known, " + why + "; name a target instead",
                 "/node_id"};
  }
  std::vector<std::string> known;
  for (const auto& target : targets_) {
    const auto node = view_of(target).node_id;
    if (node == id) return target;
    if (node) known.push_back(std::to_string(node->value));
  }
  return Error{ErrorCode::not_found,
               "no target is node " + std::to_string(id.value) + "; known nodes: " + joined(known),
               "/node_id"};
}

std::vector<Candidate> TargetBoard::candidates() const {
  const std::lock_guard lock(mutex_);
  std::vector<Candidate> all;
  for (const auto& target : targets_) {
    Candidate one;
    one.target = target;
    one.node_id = view_of(target).node_id;
    for (const auto& node : known_nodes_) {
      if (node.id != one.node_id) continue;
      one.locality = node.locality;
      one.leases = node.leases;
      one.is_gateway = node.is_gateway;
    }
    all.push_back(std::move(one));
  }
  return all;
}

std::size_t TargetBoard::nodes_known() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(known_nodes_.begin(), known_nodes_.end(),
                    [](const auto& node) { return !node.decommissioned; }));
}

RuntimeHealth TargetBoard::runtime_health() const {
  const std::lock_guard lock(mutex_);
  if (hosts_.size() == 1) return hosts_.begin()->second.health;
  RuntimeHealth all{false, ""};
  for (const auto& [host, sight] : hosts_) {
    all.ok = all.ok || sight.health.ok;
    // A failure names its host itself.
    const bool names_it = sight.health.detail.find(host) != std::string::npos;
    if (!all.detail.empty()) all.detail += "; ";
    all.detail += (names_it ? "" : host + ": ") + sight.health.detail;
  }
  return all;
}

HostsHealth TargetBoard::hosts_health() const {
  const std::lock_guard lock(mutex_);
  HostsHealth all;
  for (const auto& [host, sight] : hosts_) {
    if (!host.empty()) all[host] = sight.health;
  }
  return all;
}

Status TargetBoard::readable() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [host, sight] : hosts_) {
    if (sight.list_error.empty()) return kDone;
  }
  return cannot_list(hosts_.begin()->second.list_error);
}

Status TargetBoard::complete() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [host, sight] : hosts_) {
    if (!sight.list_error.empty()) return cannot_list(sight.list_error);
  }
  return kDone;
}

bool TargetBoard::has_unresolved() const {
  const std::lock_guard lock(mutex_);
  return node_ids_.size() < targets_.size();
}

}  // namespace faultline::chaos
