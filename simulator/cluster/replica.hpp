#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "simulator/cluster/message.hpp"
#include "simulator/cluster/timing.hpp"

namespace faultline::sim::cluster {

/// What a replica needs of the node around it. The node implements it; tests do too.
class ReplicaHost {
 public:
  virtual ~ReplicaHost() = default;
  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual const Timing& timing() const = 0;
  [[nodiscard]] virtual NodeNumber self() const = 0;
  [[nodiscard]] virtual bool reachable(NodeNumber node) const = 0;
  /// Store liveness: whether this node still vouches for that store, and the reverse as far
  /// as this node may rely on it.
  [[nodiscard]] virtual bool supports(NodeNumber node, StoreNumber store) const = 0;
  [[nodiscard]] virtual bool supported_by(NodeNumber node, StoreNumber store) const = 0;
  [[nodiscard]] virtual std::optional<Liveness> liveness(NodeNumber node) const = 0;
  [[nodiscard]] virtual double random() = 0;  ///< 0 up to 1.
  virtual void send(NodeNumber to, Message message) = 0;
  /// Asks the liveness range to end `node`'s epoch; repeated calls are cheap.
  virtual void bump_epoch(NodeNumber node, std::int64_t epoch) = 0;
  /// To disk, before anybody is told. `change` null: the whole copy.
  virtual void persist(const Copy& copy, const Change* change) = 0;
  /// A majority has it. `change` null: a new leaseholder's first state.
  virtual void committed(const Copy& copy, const Change* change) = 0;
  virtual void lease_result(RangeNumber range, bool success) = 0;
  /// How long a request may wait before the breaker trips; 0: there is none.
  [[nodiscard]] virtual Time breaker_threshold() const = 0;
};

/// One node's replica of one range: a register kept by a majority.
///
/// The lease's holder leads: it alone proposes, one change at a time, under the
/// ballot that a majority promised it. To take a lease is to win a higher ballot, to
/// adopt the newest copy found, and to write it back with the new lease: so a writer
/// that was paused or cut off finds its ballot refused, and whatever a majority has
/// accepted survives any minority. There is no log: a replica that missed a change
/// is sent the whole copy. Not thread-safe; the node calls it under its lock.
class Replica {
 public:
  using Answer = std::function<void(const KvReply&)>;

  Replica(ReplicaHost& host, Copy copy) : host_(host), copy_(std::move(copy)) {}

  void receive(NodeNumber from, const Prepare& message);
  void receive(NodeNumber from, const Promise& message);
  void receive(NodeNumber from, const Accept& message);
  void receive(NodeNumber from, const Accepted& message);
  void receive(NodeNumber from, const TakeLease& message);

  /// A request to this range, from here or from another node. Answered with a KvReply
  /// once it can be; a request that waits for a lease is dropped after a while, its
  /// sender asks again. A write that was proposed lands even when nobody waits for it.
  void request(const KvRequest& request);
  /// Leaseholder only; false when another change is under way.
  bool change_replicas(const Descriptor& next);
  /// Takes the lease if nobody valid holds it: what a read would do.
  void touch();
  void step();

  [[nodiscard]] const Copy& copy() const { return copy_; }
  [[nodiscard]] const Descriptor& descriptor() const { return copy_.state.descriptor; }
  [[nodiscard]] const Lease& lease() const { return copy_.state.lease; }
  /// Whether the lease is good now, in the eyes of this node.
  [[nodiscard]] bool lease_valid(const Lease& lease) const;
  [[nodiscard]] bool leads() const { return role_ == Role::leader; }
  [[nodiscard]] bool serves() const;
  [[nodiscard]] bool waiting() const { return !parked_.empty() || wants_lease_; }
  [[nodiscard]] Time waiting_since() const { return waiting_since_; }
  [[nodiscard]] bool tripped() const { return tripped_at_ != 0; }

 private:
  enum class Role : std::uint8_t { follower, candidate, establishing, leader };
  struct Proposal {
    Change change;
    std::vector<NodeNumber> before;  ///< Replicas when it was proposed: both sets must agree.
    std::set<NodeNumber> acks;
    std::optional<KvReply> reply;
    NodeNumber reply_to = 0;
    std::optional<KvRequest> origin;
  };
  struct Parked {
    KvRequest request;
    Time since = 0;
  };

  void reply(NodeNumber to, KvReply reply);
  void serve(const KvRequest& request);
  void serve_read(const KvRequest& request);
  void serve_write(const KvRequest& request);
  void serve_increment(const KvRequest& request);
  void serve_transfer(const KvRequest& request);
  void serve_parked();
  void park(const KvRequest& request);

  void want_lease();
  [[nodiscard]] bool leader_lost();
  void start_election(std::uint64_t consented_sequence);
  void send_prepares();
  void win();
  void lead();
  void step_down();

  // The circuit breaker (replica_breaker.cpp).
  void step_breaker();
  void reset_breaker() { tripped_at_ = 0; }
  void fail_fast(const KvRequest& request, bool ambiguous);
  [[nodiscard]] std::string unavailable_text(bool ambiguous) const;

  void propose(Proposal proposal);
  void propose_next();
  void spread();
  void check_commit();
  void commit();
  void extend_expiration();
  void apply(const Change& change);
  [[nodiscard]] bool majority(const std::set<NodeNumber>& votes,
                              const std::vector<NodeNumber>& replicas) const;
  [[nodiscard]] Lease new_lease() const;
  [[nodiscard]] bool leader_lease_valid(const Lease& lease) const;

  ReplicaHost& host_;
  Copy copy_;
  Role role_ = Role::follower;

  Ballot ballot_;  ///< The one this node stands for, as candidate or leader.
  std::set<NodeNumber> votes_;
  Copy best_;
  std::uint64_t consented_ = 0;
  Time election_sent_ = 0;
  Time election_allowed_ = 0;  ///< After a refusal: not before.
  Time leader_lost_at_ = 0;    ///< When waiting for a lost leader began; 0: it is not lost.
  Time leader_patience_ = 0;

  /// The last change here moved replicas, and none has come after it to say that it holds.
  bool unsettled_descriptor_ = false;
  std::optional<Proposal> inflight_;
  Time proposed_at_ = 0;
  Time tripped_at_ = 0;  ///< 0: the breaker has not tripped.
  Time spread_at_ = 0;
  std::map<NodeNumber, std::uint64_t> match_;
  std::deque<Proposal> queue_;
  std::vector<Parked> parked_;
  bool wants_lease_ = false;
  Time waiting_since_ = 0;
  std::uint64_t given_away_ = 0;  ///< Lease sequence offered to another: never served again.
  Time given_away_at_ = 0;
};

}  // namespace faultline::sim::cluster
