#include "exporter/observe/impact.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "exporter/observe/impact_words.hpp"

namespace faultline::observe {

namespace {

using Nodes = std::set<NodeId>;

Nodes up_nodes(const ImpactBasis& basis) {
  Nodes up;
  for (const auto& node : basis.nodes) {
    if (node.up) up.insert(node.id);
  }
  return up;
}

IsUp among(const Nodes& nodes) {
  return [&nodes](NodeId id) { return nodes.contains(id); };
}

Nodes minus(const Nodes& nodes, const Nodes& without) {
  Nodes left;
  std::set_difference(nodes.begin(), nodes.end(), without.begin(), without.end(),
                      std::inserter(left, left.end()));
  return left;
}

/// Whether those nodes hold the majority of every known range of liveness records; false
/// if none is known.
bool hold_liveness(const ImpactBasis& basis, const Nodes& nodes) {
  bool found = false;
  for (const auto& group : basis.placement->groups) {
    const bool liveness =
        std::any_of(group.named.begin(), group.named.end(),
                    [](const auto& range) { return system_range(range.name) == "liveness"; });
    if (!liveness) continue;
    if (!has_quorum(seats_of(group, basis.stores), among(nodes))) return false;
    found = true;
  }
  return found;
}

/// Who is still of use afterwards, and who sees whom.
class Aftermath {
 public:
  Aftermath(const ImpactBasis& basis, const ImpactQuestion& question)
      : before_(up_nodes(basis)), left_(before_) {
    const Nodes struck{question.nodes.begin(), question.nodes.end()};
    if (question.fault != ImpactFault::partition) {
      left_ = minus(before_, struck);
      return;
    }
    const Nodes here = minus(before_, minus(before_, struck));
    const Nodes rest = minus(before_, struck);
    const Nodes from{question.from.begin(), question.from.end()};
    const Nodes there = from.empty() ? rest : minus(rest, minus(rest, from));
    if (there.size() < rest.size()) {
      here_ = here;
      there_ = there;
      return;
    }
    left_ = surviving_side(basis, here, there);
  }

  [[nodiscard]] const Nodes& before() const { return before_; }
  [[nodiscard]] const Nodes& left() const { return left_; }
  /// Some are cut from each other, and others see both.
  [[nodiscard]] bool is_partial() const { return !here_.empty() && !there_.empty(); }

  /// The voters that the best placed node can reach, and whether they are a quorum.
  [[nodiscard]] std::pair<std::int64_t, bool> best(const Seats& seats) const {
    if (!is_partial()) return {voters_up(seats, among(left_)), has_quorum(seats, among(left_))};
    std::pair<std::int64_t, bool> best{0, false};
    for (const auto leader : voters_left(seats)) {
      const auto sees = seen_by(leader);
      const std::pair<std::int64_t, bool> one{voters_up(seats, sees), has_quorum(seats, sees)};
      best = std::max(best, one, [](const auto& a, const auto& b) {
        return std::tie(a.second, a.first) < std::tie(b.second, b.first);
      });
    }
    return best;
  }

  /// Whoever holds the lease of such a range, it still sees a quorum.
  [[nodiscard]] bool any_keeps(const Seats& seats) const {
    const auto leaders = voters_left(seats);
    return std::all_of(leaders.begin(), leaders.end(),
                       [&](NodeId leader) { return has_quorum(seats, seen_by(leader)); });
  }

 private:
  static Nodes surviving_side(const ImpactBasis& basis, const Nodes& here, const Nodes& there) {
    if (hold_liveness(basis, here)) return here;
    if (hold_liveness(basis, there)) return there;
    return here.size() > there.size() ? here : there;
  }

  [[nodiscard]] IsUp seen_by(NodeId leader) const {
    const Nodes* hidden = here_.contains(leader) ? &there_ : nullptr;
    if (there_.contains(leader)) hidden = &here_;
    return [this, hidden](NodeId id) {
      return left_.contains(id) && (hidden == nullptr || !hidden->contains(id));
    };
  }

  [[nodiscard]] Nodes voters_left(const Seats& seats) const {
    Nodes nodes;
    for (const auto& node : seats.voters) {
      if (node && left_.contains(*node)) nodes.insert(*node);
    }
    return nodes;
  }

  Nodes before_;
  Nodes left_;
  Nodes here_;  // Of a partial partition, as is there_; both see the others.
  Nodes there_;
};

/// Adds what becomes of one group.
void weigh(Impact& answer, const sources::VoterGroup& group, const Seats& seats,
           const Aftermath& after, bool& leases_stay) {
  if (!has_quorum(seats, among(after.before()))) {
    *answer.quorum_lost_already += group.ranges;
    return;
  }
  if (after.is_partial() && !after.any_keeps(seats)) leases_stay = false;
  const auto had = voters_up(seats, among(after.before()));
  const auto [left, keeps] = after.best(seats);
  if (keeps && left >= had) return;
  *(keeps ? answer.under_replicated : answer.quorum_lost) += group.ranges;
  for (const auto& range : group.named) {
    answer.ranges.push_back({range.id, range.name, keeps ? RangeLoss::replica : RangeLoss::quorum,
                             static_cast<std::int64_t>(group.voters.size()), left});
  }
}

/// The worst first, of these the system's own, and no more than fit.
void tidy(Impact& answer) {
  std::set<std::string> system;
  for (const auto& range : answer.ranges) {
    if (range.loses == RangeLoss::quorum) system.insert(system_range(range.name));
  }
  system.erase("");
  answer.system_ranges.assign(system.begin(), system.end());
  std::sort(answer.ranges.begin(), answer.ranges.end(), [](const auto& a, const auto& b) {
    const auto order = [](const RangeImpact& range) {
      return std::tuple{range.loses, system_range(range.name).empty(), range.range_id};
    };
    return order(a) < order(b);
  });
  if (answer.ranges.size() > kImpactRangesMax) answer.ranges.resize(kImpactRangesMax);
  const auto hit = *answer.quorum_lost + *answer.under_replicated;
  answer.truncated = hit > static_cast<std::int64_t>(answer.ranges.size());
}

/// The leases of nodes that are up now and of no use afterwards; empty when one of them
/// has not told how many it holds.
std::optional<std::int64_t> leases_of_lost(const ImpactBasis& basis, const Aftermath& after) {
  std::int64_t sum = 0;
  for (const auto& node : basis.nodes) {
    if (!node.up || after.left().contains(node.id)) continue;
    // A database may say any number; a sum of them that is none is not known either.
    if (!node.leases || __builtin_add_overflow(sum, *node.leases, &sum)) return std::nullopt;
  }
  return sum;
}

/// Why the numbers are not to be believed; empty: they are.
std::string doubt(const ImpactBasis& basis, bool stores_known, WallTime now) {
  if (!basis.placement_on) return "the placement collector is off";
  if (basis.placement == nullptr) return "the range descriptors were never read";
  if (!basis.who_is_up_known) {
    return "no node is live in its own eyes, so who is up cannot be told";
  }
  if (!stores_known) return "some replicas are on stores whose node is unknown";
  if (now - basis.placement_read_at.value_or(WallTime{}) > basis.placement_age_max) {
    return "the range descriptors are older than " +
           std::to_string(basis.placement_age_max.count() / 1000) + " s";
  }
  if (!basis.departed.empty()) {
    return basis.departed + " left after the range descriptors were read, which are read anew";
  }
  return "";
}

Status check(const ImpactBasis& basis, const ImpactQuestion& question) {
  if (!basis.anything_read || basis.nodes.empty()) {
    return Error{ErrorCode::unavailable, "no node of the cluster is known yet"};
  }
  for (const auto* list : {&question.nodes, &question.from}) {
    for (const auto id : *list) {
      if (auto wrong = unknown_node(basis, id); !wrong.empty()) {
        return Error{ErrorCode::invalid, wrong, list == &question.nodes ? "nodes" : "from"};
      }
    }
  }
  const auto named = [](const std::vector<NodeId>& list, NodeId id) {
    return std::find(list.begin(), list.end(), id) != list.end();
  };
  for (const auto id : question.from) {
    if (named(question.nodes, id)) {
      return Error{ErrorCode::invalid,
                   "names " + node_name(id) +
                       ", which is in nodes, too; a node cannot be cut off from itself",
                   "from"};
    }
  }
  const bool cut =
      question.fault == ImpactFault::partition || question.fault == ImpactFault::isolate;
  const bool nobody_else = std::none_of(
      basis.nodes.begin(), basis.nodes.end(),
      [&](const Footing& node) { return node.expected && !named(question.nodes, node.id); });
  if (cut && nobody_else) {
    return Error{ErrorCode::invalid,
                 "names every node: there is nobody left to be cut off from; leave one out",
                 "nodes"};
  }
  return kDone;
}

}  // namespace

Result<Impact> impact(const ImpactBasis& basis, const ImpactQuestion& question, WallTime now) {
  if (auto status = check(basis, question); !status) return status.error();
  Impact answer;
  answer.boot = basis.boot;
  answer.at = now;
  answer.nodes = question.nodes;
  answer.fault = question.fault;
  answer.from = question.from;
  if (basis.placement == nullptr) {
    answer.reason = doubt(basis, true, now);
    answer.sentence = sentence_of(answer);
    return answer;
  }
  if (basis.placement_read_at) {
    answer.placement_age = std::max(milliseconds{0}, now - *basis.placement_read_at);
  }
  answer.ranges_total = basis.placement->ranges;
  answer.quorum_lost = answer.quorum_lost_already = answer.under_replicated = 0;
  const Aftermath after{basis, question};
  bool stores_known = true;
  bool leases_stay = true;
  for (const auto& group : basis.placement->groups) {
    const auto seats = seats_of(group, basis.stores);
    stores_known &= seats.known;
    weigh(answer, group, seats, after, leases_stay);
  }
  tidy(answer);
  answer.reason = doubt(basis, stores_known, now);
  answer.valid = answer.reason.empty();
  if (leases_stay) answer.lease_lost = leases_of_lost(basis, after);
  if (basis.who_is_up_known && stores_known && !after.is_partial()) {
    answer.can_lose_nodes_after =
        count_quorum(*basis.placement, basis.stores, among(after.left())).can_lose_nodes;
  }
  answer.sentence = sentence_of(answer);
  return answer;
}

std::string system_range(const std::string& name) {
  const auto begins = [&](const char* text) { return name.starts_with(text); };
  if (begins("/Min") || begins("/Meta")) return "meta";
  if (name == "/System/NodeLiveness") return "liveness";
  if (begins("/System/tsd")) return "timeseries";
  if (begins("/System")) return "system";
  if (begins("/NamespaceTable") || begins("/Table/SystemConfigSpan")) return "system_tables";
  constexpr std::string_view kTable = "/Table/";
  if (!begins("/Table/")) return "";
  // Tables of users have ids from 100 on (and from 50 on in clusters that are older).
  constexpr std::int64_t kSystemIdMax = 99;
  const auto rest = std::string_view{name}.substr(kTable.size());
  const auto digits = rest.substr(0, rest.find('/'));
  const bool number =
      !digits.empty() && digits.size() <= 9 &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return number && std::stoll(std::string{digits}) <= kSystemIdMax ? "system_tables" : "";
}

}  // namespace faultline::observe
