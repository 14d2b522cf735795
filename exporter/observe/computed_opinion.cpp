#include "exporter/observe/computed_opinion.hpp"

#include <algorithm>
#include <utility>

#include "exporter/observe/impact_words.hpp"
#include "exporter/observe/standing.hpp"

namespace faultline::observe {

namespace {

/// Nobody answers, nobody is live in its own eyes, or ranges are lost as `told`: descriptors
/// that are not read anew then are kept.
bool is_outage(const VerdictInput& input, const std::optional<Quorum>& told) {
  const bool unreachable = input.processes_known && input.expected > 0 && input.answering == 0;
  const bool lost = told && told->stores_known && told->without_quorum > 0;
  return unreachable || input.denied || lost;
}

/// The descriptors against those nodes, with some counted as up beside those that are; empty when
/// never read.
class Count {
 public:
  Count(const Readings& readings, const StoreOwners& owners, const std::vector<NodeView>& nodes)
      : readings_(readings), owners_(owners), nodes_(nodes) {}

  [[nodiscard]] std::optional<Quorum> operator()(bool (*counts)(const NodeView&),
                                                 const std::set<NodeId>& also) const {
    if (!readings_.placement || !readings_.placement->part) return std::nullopt;
    if (nodes_.empty()) return std::nullopt;  // Nobody has named them yet: that is not gone.
    return count_quorum(*readings_.placement->part, owners_, [&](NodeId id) {
      const auto node = std::find_if(nodes_.begin(), nodes_.end(),
                                     [&](const NodeView& item) { return item.id == id; });
      return node != nodes_.end() && (counts(*node) || also.contains(id));
    });
  }

 private:
  const Readings& readings_;
  const StoreOwners& owners_;
  const std::vector<NodeView>& nodes_;
};

/// Enters into `input` which nodes have left since the descriptors were read, and what hangs on
/// that. `told`: by who is up alone.
void weigh_departures(VerdictInput& input, const std::optional<Quorum>& told, const Moved& moved,
                      const Count& count) {
  auto all = moved.surely;
  all.insert(moved.perhaps.begin(), moved.perhaps.end());
  if (!told || all.empty()) return;
  const auto at_best = count(is_up, all);
  if (*at_best == *told) return;  // The descriptors name none of them.
  input.departed = node_names({all.begin(), all.end()});
  input.perhaps_moved = told->without_quorum - at_best->without_quorum;
  input.moved = input.perhaps_moved > 0 ? all : moved.surely;
}

}  // namespace

void weigh_quorum(VerdictInput& input, const Readings& readings, Memory& memory,
                  const StoreOwners& owners, const std::vector<NodeView>& nodes) {
  const Count count{readings, owners, nodes};
  auto& descriptors = memory.old_descriptors;
  descriptors = take_note(std::move(descriptors), readings);
  const auto moved = moved_since(memory.departures, descriptors.began, input.now);
  auto told = count(is_up, {});
  const bool outage = is_outage(input, moved.marked.empty() ? told : count(is_up, moved.marked));
  descriptors = grow_old(std::move(descriptors), readings, outage, input.now);
  if (descriptors.outlived) told.reset();
  weigh_departures(input, told, moved, count);
  if (!input.moved.empty()) told = count(is_up, input.moved);
  const auto possible = told ? count(may_be_up, input.moved) : std::nullopt;
  const auto standing = std::count_if(nodes.begin(), nodes.end(), may_be_up);
  const bool usable = told && told->stores_known;
  const bool worse = usable ? told->without_quorum > possible->without_quorum
                            : memory.inventory_known && input.up * 2 <= input.expected;
  input.quorum_doubted = worse && standing * 2 > input.expected;
  if (!input.denied && !input.quorum_doubted) memory.doubted_since.reset();
  if ((input.denied || input.quorum_doubted) && !memory.doubted_since) {
    // An outage is not over because processes are back: they must be live, too.
    const auto* before = memory.previous.get();
    const bool outage_goes_on = input.quorum_doubted && before != nullptr &&
                                before->verdict.state == VerdictState::unavailable &&
                                (!usable || possible->without_quorum == 0);
    memory.doubted_since = outage_goes_on ? before->verdict.since : input.now;
  }
  input.doubted_since = memory.doubted_since;
  const bool on_hold = quorum_on_hold(input);
  input.quorum = on_hold ? possible : told;
  input.perhaps_lost = perhaps_lost(memory.stale_loss, input, readings.placement, standing);
  input.underreplicated_known =
      input.perhaps_lost == 0 && input.perhaps_moved == 0 &&
      (!on_hold || !usable || told->underreplicated == possible->underreplicated);
  input.up_told = on_hold ? standing : input.up;
}

Opinion computed_opinion(VerdictInput& input, const Readings& readings, const Memory& memory) {
  Opinion opinion;
  if (memory.old_descriptors.outlived) {
    opinion.reason = why_outlived(readings);
    opinion.read_at = readings.placement->health.read_at;
    return opinion;
  }
  if (!input.quorum) {
    opinion.reason = !readings.placement        ? "the placement collector is off"
                     : readings.placement->part ? "nobody has named the nodes yet"
                                                : "the range descriptors were never read";
    return opinion;
  }
  opinion.read_at = readings.placement->health.read_at;
  if (!input.quorum->stores_known) {
    opinion.reason = "some replicas are on stores whose node is unknown";
    input.quorum.reset();
    return opinion;
  }
  const bool none_lost = input.quorum->without_quorum == 0;
  if (none_lost && !input.confirmed) {
    opinion.reason = "no node is live in its own eyes, so who is up cannot be told";
    return opinion;
  }
  if (none_lost && input.perhaps_moved > 0) {
    opinion.reason = "since the range descriptors were read " + input.departed +
                     " left, with replicas that must be elsewhere; they are read anew";
    return opinion;
  }
  if (input.perhaps_lost > 0) {
    opinion.reason =
        "the ranges that have lost every replica had few of them when they were "
        "last read, and are read anew";
    return opinion;
  }
  if (none_lost && quorum_on_hold(input)) {
    opinion.reason = "nodes call others not live whose processes answer; it may pass";
    return opinion;
  }
  opinion.valid = true;
  opinion.ranges_unavailable = input.quorum->without_quorum;
  return opinion;
}

}  // namespace faultline::observe
