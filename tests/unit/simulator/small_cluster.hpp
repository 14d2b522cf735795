#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "simulator/cluster/layout.hpp"
#include "simulator/cluster/node.hpp"
#include "simulator/cluster/report.hpp"

namespace faultline::sim::cluster {

/// A store in memory that survives the death of its node, as a disk does.
class MemoryStore final : public NodeStore {
 public:
  SavedStore saved;
  void save_identity(NodeNumber node, StoreNumber store, const std::string& cluster_id) override {
    saved.node = node;
    saved.store = store;
    saved.cluster_id = cluster_id;
  }
  void save_copy(const Copy& copy) override { saved.copies[copy.state.descriptor.range] = copy; }
  void save_change(const Copy& copy, const Change& /*change*/) override { save_copy(copy); }
  void drop_copy(RangeNumber range) override { saved.copies.erase(range); }
  void save_addresses(const std::vector<std::string>& addresses) override {
    saved.addresses = addresses;
  }
};

/// A metric of a node, of all its stores together where it is one per store.
inline double metric_sum(const Node& node, const std::string& name) {
  const auto& all = metric_names(node.profile());
  const auto found =
      std::ranges::find(all, name, [](const MetricName& each) { return std::string(each.name); });
  double sum = 0;
  if (found == all.end()) return sum;
  for (const StoreNumber store : stores_of(node, *found)) sum += metric_value(node, name, store);
  return sum;
}

/// Nodes in one thread with a clock of their own: run() moves it in steps of 20 ms and
/// carries every message to the node it is for, 20 ms later. A killed node refuses
/// links, a paused one keeps them and says nothing, a cut pair hears nothing.
class SmallCluster {
 public:
  explicit SmallCluster(int count, std::uint64_t seed = 77, Release release = Release::v22_1,
                        int stores = 1)
      : seed_(seed), release_(release), stores_per_node_(stores) {
    for (int i = 1; i <= count; ++i) start(i);
    run(0.5);
    nodes_.at(1)->bootstrap("test-cluster", now_);
    // Ids are given in the order of joining: one after the other.
    for (int i = 2; i <= count; ++i) run_until(20, [&] { return nodes_.at(i)->self() != 0; });
  }

  Node& node(int i) { return *nodes_.at(i); }
  Time now() const { return now_; }
  MemoryStore& store(int i, int which = 0) { return stores_[{i, which}]; }

  /// `lost`: one of its stores that it is not given this time.
  void start(int i, int lost = -1) {
    NodeConfig config;
    config.address = address(i);
    config.sql_address = config.address;
    config.http_address = "http" + std::to_string(i);
    config.locality = "zone=z" + std::to_string(i);
    config.join = {address(1), address(2), address(3)};
    config.profile = &profile(release_);
    config.seed = static_cast<std::uint64_t>(i) + seed_;
    std::vector<Disk> disks;
    for (int which = 0; which < stores_per_node_; ++which) {
      if (which != lost) disks.push_back({&store(i, which), store(i, which).saved, {}});
    }
    nodes_[i] = std::make_unique<Node>(config, std::move(disks), now_);
    for (auto& [other, node] : nodes_) {
      if (other == i) continue;
      link(other, i);
      link(i, other);
    }
  }
  void kill(int i) {
    nodes_.erase(i);
    for (auto& [other, node] : nodes_) node->link_changed(address(i), LinkState::refused, now_);
  }
  /// From the next start on a node is given so many.
  void grow_stores(int stores) { stores_per_node_ = stores; }
  void pause(int i) { paused_.insert(i); }
  void resume(int i) { paused_.erase(i); }
  void cut(int a, int b) {
    cuts_.insert({a, b});
    cuts_.insert({b, a});
  }
  void mend() { cuts_.clear(); }

  void run(double seconds) {
    const Time end = now_ + static_cast<Time>(seconds * 1e9);
    while (now_ < end) tick();
  }
  /// Seconds until it held, or -1.
  double run_until(double seconds, const std::function<bool()>& holds) {
    const Time begin = now_;
    const Time end = now_ + static_cast<Time>(seconds * 1e9);
    while (now_ < end) {
      if (holds()) return static_cast<double>(now_ - begin) / 1e9;
      tick();
    }
    return holds() ? seconds : -1;
  }

  /// Asks through node `i` and runs until the answer or the time limit.
  std::optional<KvReply> ask(int i, const KvRequest& request, double seconds = 2) {
    auto answer = std::make_shared<std::optional<KvReply>>();
    const auto id = node(i).call(
        request,
        [answer](const KvReply* reply) {
          if (reply != nullptr) *answer = *reply;
        },
        0);
    run_until(seconds, [&] { return answer->has_value() || !nodes_.contains(i); });
    if (!*answer && nodes_.contains(i)) node(i).router().cancel(id);
    return *answer;
  }
  std::optional<KvReply> read(int i, RangeNumber range, const std::string& prefix,
                              double seconds = 2) {
    KvRequest request;
    request.range = range;
    request.prefix = prefix;
    return ask(i, request, seconds);
  }
  std::optional<KvReply> write(int i, RangeNumber range, const std::string& key,
                               const std::string& value, double seconds = 2) {
    KvRequest request;
    request.range = range;
    request.op = KvOp::write;
    request.puts = {{key, value, "*"}};
    return ask(i, request, seconds);
  }
  bool is_live(int observer, NodeNumber who) {
    return node(observer).gossip().value(row_key("gossip-clients", who), now_).has_value();
  }
  std::map<NodeNumber, int> leases() {
    std::map<NodeNumber, int> held;
    for (auto& [i, node] : nodes_)
      held[node->self()] = static_cast<int>(node->allocator().leases_held());
    return held;
  }
  /// Ranges with exactly `size` replicas, as the first node that has them says.
  std::map<std::size_t, int> sizes() {
    std::map<RangeNumber, Descriptor> newest;
    for (auto& [i, node] : nodes_) {
      for (auto& [range, replica] : node->replicas()) {
        auto& known = newest[range];
        if (replica->descriptor().generation >= known.generation) known = replica->descriptor();
      }
    }
    std::map<std::size_t, int> counts;
    for (auto& [range, descriptor] : newest) ++counts[descriptor.replicas.size()];
    return counts;
  }

 private:
  static std::string address(int i) { return "n" + std::to_string(i); }
  void link(int from, int to) {
    nodes_.at(from)->link_changed(address(to), LinkState::refused, now_);
    nodes_.at(from)->link_changed(address(to), LinkState::up, now_);
  }
  void tick() {
    now_ += 20 * kMillisecond;
    std::vector<std::pair<int, Outgoing>> batch;
    for (auto& [i, node] : nodes_) {
      if (paused_.contains(i)) continue;
      node->step(now_);
      for (Outgoing& out : node->take_outbox()) batch.emplace_back(i, std::move(out));
    }
    for (auto& [from, out] : batch) {
      const int to = std::stoi(out.address.substr(1));
      if (!nodes_.contains(to) || cuts_.contains({from, to})) continue;
      // Through the codec, so that it is tested with everything that is ever said.
      waiting_[to].emplace_back(from, encode(out.message));
    }
    for (auto& [to, messages] : waiting_) {
      if (paused_.contains(to)) continue;
      for (auto& [from, text] : messages) {
        if (nodes_.contains(to)) nodes_.at(to)->receive(address(from), *decode(text), now_);
      }
      messages.clear();
    }
  }

  Time now_ = 1'795'000'000 * kSecond;
  std::uint64_t seed_;
  Release release_;
  int stores_per_node_;
  std::map<std::pair<int, int>, MemoryStore> stores_;
  std::map<int, std::unique_ptr<Node>> nodes_;
  std::set<int> paused_;
  std::set<std::pair<int, int>> cuts_;
  std::map<int, std::vector<std::pair<int, std::string>>> waiting_;
};

}  // namespace faultline::sim::cluster
