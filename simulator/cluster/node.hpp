#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "simulator/cluster/allocator.hpp"
#include "simulator/cluster/gauges.hpp"
#include "simulator/cluster/gossip.hpp"
#include "simulator/cluster/heartbeat.hpp"
#include "simulator/cluster/replica.hpp"
#include "simulator/cluster/router.hpp"
#include "simulator/cluster/rpc_link.hpp"

namespace faultline::sim::cluster {

struct NodeConfig {
  std::string address;  ///< What peers reach it by; its name on the links.
  std::string sql_address, http_address, locality;
  std::vector<std::string> join;
  double time_scale = 1.0;
  std::uint64_t seed = 0;
  bool secure = false;  ///< Certificates and passwords at the ports for clients.
  const Profile* profile = &cluster::profile(Release::v22_1);  ///< Which release it plays.
};

/// Where one store keeps what must outlive the node. Lines go out in order, before any message.
class NodeStore {
 public:
  virtual ~NodeStore() = default;
  virtual void save_identity(NodeNumber node, StoreNumber store, const std::string& cluster_id) = 0;
  virtual void save_copy(const Copy& copy) = 0;
  virtual void save_change(const Copy& copy, const Change& change) = 0;
  virtual void drop_copy(RangeNumber range) = 0;
  virtual void save_addresses(const std::vector<std::string>& addresses) = 0;
};

/// What a store gives back at the start.
struct SavedStore {
  NodeNumber node = 0;  ///< 0: a new store, which has neither a node nor an id.
  StoreNumber store = 0;
  std::string cluster_id;
  std::map<RangeNumber, Copy> copies;
  std::vector<std::string> addresses;
};

/// As on the machine that was recorded, where --store says nothing of size.
constexpr std::int64_t kDiskBytes = 270'553'174'016;
constexpr std::int64_t kDiskFreeBytes = 69'442'170'880;

/// One --store. All of a node that were used before belong to it: the host has seen to that.
struct Disk {
  NodeStore* keeper = nullptr;  ///< Outlives the node.
  SavedStore saved;
  std::vector<std::string> attributes;
  std::int64_t capacity = kDiskBytes;
};

enum class Phase : std::uint8_t {
  uninitialised,  ///< No cluster yet: waits for init, or for a peer to take it in.
  starting,       ///< Has an id; its own liveness record is not written yet.
  serving,
  draining,
};

struct Outgoing {
  std::string address;
  Message message;
};

enum class LinkState : std::uint8_t {
  refused,     ///< Nobody listens there: the process is gone.
  connecting,  ///< No answer to the attempt.
  up,
};

/// A simulated node without its sockets, threads and clock: everything that happens to
/// it comes in through the calls below, with the time. Not thread-safe; see Engine.
class Node final : public ReplicaHost,
                   public RouterHost,
                   public HeartbeatHost,
                   public AllocatorHost {
 public:
  Node(NodeConfig config, std::vector<Disk> disks, Time now);

  void step(Time now);
  void receive(const std::string& from_address, const Message& message, Time now);
  void link_changed(const std::string& address, LinkState state, Time now);
  [[nodiscard]] std::vector<Outgoing> take_outbox();
  /// Links that are up and have been mute for so long that they had better be dialled
  /// anew: TCP's own patience after a partition is counted in minutes.
  [[nodiscard]] std::vector<std::string> mute_links() const;
  /// Whom to keep links to: from --join and from gossip.
  [[nodiscard]] std::vector<std::string> peer_addresses() const;

  /// False when there is a cluster already.
  bool bootstrap(const std::string& cluster_id, Time now);
  void start_draining(Time now);
  /// Writes another membership into a node's liveness record, unless the record changes
  /// meanwhile: whoever wants it looks at gossip and asks again.
  void change_membership(NodeNumber node, const std::string& membership);
  /// This node, or by a message another one.
  void drain_node(NodeNumber node);
  [[nodiscard]] bool decommissioned() const;
  /// A table's new range, whose only replica is here for now; answers with its place.
  Descriptor create_range(Descriptor descriptor);
  /// What this node has just written itself, before gossip brings it.
  void hear(const std::string& key, const std::string& value) { gossip_.add(key, value, now_); }

  // What tables, HTTP and tests ask.
  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] const NodeConfig& config() const { return config_; }
  [[nodiscard]] const std::string& cluster_id() const { return cluster_id_; }
  [[nodiscard]] Time started_at() const { return started_at_; }
  [[nodiscard]] const Gossip& gossip() const { return gossip_; }
  [[nodiscard]] Router& router() { return router_; }
  [[nodiscard]] const Gauges& gauges() const { return gauges_; }
  [[nodiscard]] Allocator& allocator() { return allocator_; }
  [[nodiscard]] const Heartbeat& heartbeat() const { return heartbeat_; }
  /// Of this node, in order, as far as they have ids.
  [[nodiscard]] std::vector<StoreNumber> store_ids() const;
  /// The own store that a replica lies on; 0: it is not here.
  [[nodiscard]] StoreNumber store_of(RangeNumber range) const;
  [[nodiscard]] std::vector<StoreDescriptor> gossiped_stores(Time now) const;
  /// What a node's stores have together, as gossiped.
  [[nodiscard]] StoreDescriptor gossiped_sum(NodeNumber node, Time now) const;
  [[nodiscard]] bool live_now() const { return live(self()); }
  [[nodiscard]] std::int64_t livenodes() const;
  /// A peer that neither answers nor refuses: what `crdb_internal.ranges` hangs on.
  [[nodiscard]] bool has_silent_peer() const;
  /// The RPC connections to every node that is known and not decommissioned.
  [[nodiscard]] std::map<NodeNumber, const RpcLink*> rpc_links() const;
  [[nodiscard]] const Histogram& round_trips() const { return round_trips_; }
  [[nodiscard]] const Profile& profile() const { return *config_.profile; }
  [[nodiscard]] std::vector<NodeDescriptor> nodes() const;
  [[nodiscard]] std::map<NodeNumber, Liveness> livenesses() const;
  [[nodiscard]] bool database_cached(const std::string& name) const {
    return cached_databases_.contains(name);
  }
  /// Whether this node may answer from gossip who the users are: for five minutes after
  /// it last read them, renewed a minute before their end. So it outlives a loss of
  /// quorum by one to five minutes, as recorded.
  [[nodiscard]] bool users_known() const { return now_ < users_known_until_; }
  void know_users() { users_known_until_ = now_ + timing_.of(300); }
  void cache_database(const std::string& name) { cached_databases_.insert(name); }
  [[nodiscard]] std::string setting(const std::string& name, const std::string& fallback) const;
  [[nodiscard]] const Replica* replica(RangeNumber range) const;

  // ReplicaHost, RouterHost, HeartbeatHost, AllocatorHost.
  [[nodiscard]] Time now() const override { return now_; }
  [[nodiscard]] const Timing& timing() const override { return timing_; }
  [[nodiscard]] NodeNumber self() const override { return self_; }
  [[nodiscard]] bool reachable(NodeNumber node) const override;
  [[nodiscard]] bool supports(NodeNumber node, StoreNumber store) const override;
  [[nodiscard]] bool supported_by(NodeNumber node, StoreNumber store) const override;
  [[nodiscard]] std::optional<Liveness> liveness(NodeNumber node) const override;
  [[nodiscard]] bool live(NodeNumber node) const override;
  [[nodiscard]] double random() override;
  void send(NodeNumber to, Message message) override;
  void bump_epoch(NodeNumber node, std::int64_t epoch) override;
  void persist(const Copy& copy, const Change* change) override;
  void committed(const Copy& copy, const Change* change) override;
  void lease_result(RangeNumber range, bool success) override;
  [[nodiscard]] Time breaker_threshold() const override;
  [[nodiscard]] std::optional<Descriptor> local_descriptor(RangeNumber range) const override;
  [[nodiscard]] std::optional<Descriptor> first_range() const override;
  void send_request(NodeNumber to, const KvRequest& request) override;
  std::uint64_t call(KvRequest request, Router::Done done, Time give_up_at) override;
  void publish_liveness(NodeNumber node, const std::string& text) override;
  [[nodiscard]] std::map<RangeNumber, std::unique_ptr<Replica>>& replicas() override {
    return replicas_;
  }
  [[nodiscard]] std::vector<StoreLoad> stores() const override;
  [[nodiscard]] double dead_after_seconds() const override;
  [[nodiscard]] Zone zone(RangeNumber range) const override;
  [[nodiscard]] bool in_zone(NodeNumber node, const Zone& zone) const override;

 private:
  struct Peer {
    LinkState state = LinkState::connecting;
    Time last_pong = 0;
    Time up_at = 0;
    bool greeted = false;
    Time heard_at = 0;  ///< The last pong; a new connection does not forget it.
    RpcLink rpc = {};
    bool supported = false;                ///< By this node's stores, in store liveness.
    std::vector<StoreNumber> stores = {};  ///< That it has, as its last pong said.
  };
  struct OwnStore {
    NodeStore* keeper = nullptr;
    StoreNumber id = 0;
    std::vector<std::string> attributes;
    std::int64_t capacity = 0;
    StoreDescriptor shown{0, 0, -1, -1};  ///< What gossip was told last.
  };
  /// A record and what it was decoded from: each replica asks for it at each step.
  struct KnownLiveness {
    std::string text;
    std::optional<Liveness> record;
  };

  void handle(const std::string& from, const Message& message);
  void on(const std::string& from, const Hello& message);
  void on(const std::string& from, const Ping& message);
  void on(const std::string& from, const GossipInfos& message);
  void on(const std::string& from, const Accept& message);
  void on(const std::string& from, const DropReplica& message);
  void on(const std::string& from, const KvRequest& message);
  void on(const std::string& from, const KvReply& message);
  void on(const std::string& from, const JoinRequest& message);
  void on(const std::string& from, const JoinReply& message);
  void on(const std::string& from, const DrainNode& message);
  template <class T>
  void on(const std::string& from, const T& message);

  void deliver_to_self();
  void step_links();
  void step_support(Peer& peer, bool ping);
  void step_gossip();
  void step_join();
  void step_start();
  void step_traffic();
  void step_users();
  void become_serving(const std::string& event, Time last_up);
  void publish_self();
  void publish_stores(bool at_once);
  void load_stores(std::vector<Disk> disks);
  void step_store_ids();
  void name_store(OwnStore& own, StoreNumber id);
  void know_stores(const Descriptor& descriptor);
  void drop_replica(RangeNumber range);
  [[nodiscard]] bool owns(StoreNumber store) const;
  [[nodiscard]] StoreNumber emptiest_store() const;
  [[nodiscard]] std::int64_t replicas_on(StoreNumber store) const;
  [[nodiscard]] bool has_store(NodeNumber node, StoreNumber store, Time heard_within) const;
  void metrics_tick();
  void count_store(const OwnStore& own, const StoreCount& found);
  void publish_alerts();
  void write_status();
  void collect_garbage();
  void admit(const std::string& address, const std::string& key, const std::string& ids);
  [[nodiscard]] const std::string* address_of(NodeNumber node) const;
  [[nodiscard]] NodeNumber node_at(const std::string& address) const;
  [[nodiscard]] bool peer_reachable(const Peer& peer) const;

  NodeConfig config_;
  Timing timing_;
  Time now_ = 0;
  Time started_at_ = 0;
  Phase phase_ = Phase::uninitialised;
  NodeNumber self_ = 0;
  std::string cluster_id_;
  std::mt19937_64 random_;

  Gossip gossip_;
  std::map<std::string, Peer> peers_;
  std::map<NodeNumber, std::string> addresses_;
  std::vector<std::string> saved_addresses_;
  std::vector<Outgoing> outbox_;
  std::vector<Message> to_self_;
  bool delivering_ = false;

  std::vector<OwnStore> own_stores_;
  /// Every store that was ever heard of, and whose it is. Gossip forgets; this does not.
  std::map<StoreNumber, NodeNumber> known_stores_;
  bool store_ids_asked_ = false;
  std::map<RangeNumber, std::unique_ptr<Replica>> replicas_;
  std::map<RangeNumber, std::size_t> seats_;  ///< Of each replica, its place in own_stores_.
  Router router_;
  Heartbeat heartbeat_;
  Allocator allocator_;
  Gauges gauges_;
  Histogram round_trips_;
  mutable std::map<NodeNumber, KnownLiveness> known_liveness_;

  std::string join_token_;
  std::size_t join_turn_ = 0;
  bool start_asked_ = false;
  Time users_known_until_ = 0;
  bool users_asked_ = false;
  std::set<NodeNumber> bumping_;
  std::set<std::string> cached_databases_;
  std::set<std::string> admitting_;
  Time ping_at_ = 0, clients_at_ = 0, store_at_ = 0, metrics_at_ = 0, join_at_ = 0;
  Time traffic_at_ = 0, garbage_at_ = 0, descriptor_at_ = 0;
  std::uint64_t traffic_turn_ = 0;
};

}  // namespace faultline::sim::cluster
