#include "chaosd/service/selection.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace faultline::chaos {

namespace {

Error invalid(std::string sentence, std::string field) {
  return {ErrorCode::invalid, std::move(sentence), std::move(field)};
}

/// What can be said without looking at a target.
Status check(const Selector& selector) {
  if (selector.names.empty() && selector.node_ids.empty() && selector.labels.empty() &&
      selector.locality.empty() && !selector.role) {
    return invalid("select has no criterion; give names, node_ids, labels, locality or role",
                   "/select");
  }
  const bool by_table = selector.role == NodeRole::leaseholder;
  if (by_table && selector.table.empty()) {
    return invalid("table is missing; role leaseholder needs which, as database.schema.table",
                   "/select/table");
  }
  if (!by_table && !selector.table.empty()) {
    return invalid("table is for role leaseholder; leave it out", "/select/table");
  }
  for (const auto& tier : selector.locality) {
    const auto equals = tier.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == tier.size()) {
      return invalid("locality \"" + tier + "\" is no tier; use key=value, as region=eu",
                     "/select/locality");
    }
  }
  if (selector.mode == SelectMode::random && selector.count < 1) {
    return invalid(
        "count is " + std::to_string(selector.count) + "; mode random needs how many, 1 or more",
        "/select/count");
  }
  if (selector.mode == SelectMode::percent && (selector.percent < 1 || selector.percent > 100)) {
    return invalid(
        "percent is " + std::to_string(selector.percent) + "; mode percent needs 1 to 100",
        "/select/percent");
  }
  return kDone;
}

bool has_tier(const std::string& locality, const std::string& tier) {
  for (std::size_t begin = 0; begin <= locality.size();) {
    const auto end = std::min(locality.find(',', begin), locality.size());
    if (locality.compare(begin, end - begin, tier) == 0) return true;
    begin = end + 1;
  }
  return false;
}

bool has_labels(const TargetInfo& target, const std::map<std::string, std::string>& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
    const auto found = target.labels.find(wanted.first);
    return found != target.labels.end() && found->second == wanted.second;
  });
}

/// A name or node id that nobody has is a slip of the pen, not an empty selection.
Status check_known(const Selector& selector, const std::vector<Candidate>& candidates) {
  for (const auto& name : selector.names) {
    if (std::none_of(candidates.begin(), candidates.end(),
                     [&](const auto& one) { return one.target.name == name; })) {
      return Error{ErrorCode::not_found, "no target is named \"" + name + "\"", "/select/names"};
    }
  }
  for (const NodeId id : selector.node_ids) {
    if (std::none_of(candidates.begin(), candidates.end(),
                     [&](const auto& one) { return one.node_id == id; })) {
      return Error{ErrorCode::not_found,
                   "no target is known to be node " + std::to_string(id.value), "/select/node_ids"};
    }
  }
  return kDone;
}

template <class Range, class Value>
bool empty_or_has(const Range& range, const Value& value) {
  return range.empty() || std::find(range.begin(), range.end(), value) != range.end();
}

bool matches(const Selector& selector, const Candidate& one) {
  if (!empty_or_has(selector.names, one.target.name)) return false;
  if (!selector.node_ids.empty() &&
      (!one.node_id || !empty_or_has(selector.node_ids, *one.node_id))) {
    return false;
  }
  return has_labels(one.target, selector.labels) &&
         std::all_of(selector.locality.begin(), selector.locality.end(),
                     [&](const auto& tier) { return has_tier(one.locality, tier); });
}

/// Leaves those who hold leases of the table; of one that is wanted, who holds most of them.
Status keep_leaseholders(const Selector& selector, std::vector<Candidate>& matching) {
  std::vector<Candidate> kept;
  for (const auto& holder : selector.holders) {
    for (auto& one : matching) {
      if (one.node_id == holder.node) kept.push_back(std::move(one));
    }
  }
  matching = std::move(kept);
  if (matching.empty()) {
    return Error{
        ErrorCode::conflict,
        selector.holders.empty()
            ? "who has the leases of " + selector.table + " is not known"
            : "none of the targets that match is known to have a lease of " + selector.table,
        "/select/table"};
  }
  if (selector.mode == SelectMode::one) matching.resize(1);
  return kDone;
}

/// Leaves those who play the part.
Status keep_role(const Selector& selector, std::vector<Candidate>& matching) {
  if (selector.role == NodeRole::leaseholder) return keep_leaseholders(selector, matching);
  const NodeRole role = *selector.role;
  if (role == NodeRole::gateway) {
    std::erase_if(matching, [](const auto& one) { return !one.is_gateway; });
    if (!matching.empty()) return kDone;
    return Error{ErrorCode::conflict,
                 "the exporter reads the cluster through none of these now; name a target instead",
                 "/select/role"};
  }
  std::optional<std::int64_t> most;
  for (const auto& one : matching) {
    if (one.leases && one.leases > most) most = one.leases;
  }
  if (!most) {
    return Error{ErrorCode::conflict,
                 "the exporter does not tell how many leases these have; name a target instead",
                 "/select/role"};
  }
  std::erase_if(matching, [&](const auto& one) { return one.leases != most; });
  matching.resize(1);  // Of equals the first by name, always the same one.
  return kDone;
}

std::size_t how_many(const Selector& selector, std::size_t running) {
  switch (selector.mode) {
    case SelectMode::one: return 1;
    case SelectMode::all: return running;
    case SelectMode::random: return static_cast<std::size_t>(selector.count);
    case SelectMode::percent:
      return (running * static_cast<std::size_t>(selector.percent) + 99) / 100;
  }
  FAULTLINE_ENSURE(false, "every mode has its count");
}

/// Fisher-Yates by hand: std::shuffle may differ from one library to the next.
void shuffle(std::vector<Candidate>& candidates, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  for (std::size_t left = candidates.size(); left > 1; --left) {
    std::swap(candidates[left - 1], candidates[random() % left]);
  }
}

Result<std::vector<TargetInfo>> choose(const Selector& selector, std::vector<Candidate> matching) {
  if (selector.mode != SelectMode::all) {
    std::erase_if(matching,
                  [](const auto& one) { return one.target.state != ContainerState::running; });
    if (matching.empty()) {
      return Error{ErrorCode::conflict, "none of the targets that match is running", "/select"};
    }
    const std::size_t wanted = how_many(selector, matching.size());
    if (wanted > matching.size()) {
      return invalid("count is " + std::to_string(selector.count) + ", but only " +
                         std::to_string(matching.size()) + " targets match and run",
                     "/select/count");
    }
    shuffle(matching, selector.seed.value_or(0));
    matching.resize(wanted);
  }
  std::vector<TargetInfo> chosen;
  for (auto& one : matching) chosen.push_back(std::move(one.target));
  std::sort(chosen.begin(), chosen.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return chosen;
}

}  // namespace

Result<std::vector<TargetInfo>> select_targets(const Selector& selector,
                                               const std::vector<Candidate>& candidates) {
  if (auto will_do = check(selector); !will_do) return will_do.error();
  if (auto known = check_known(selector, candidates); !known) return known.error();
  std::vector<Candidate> matching;
  for (const auto& one : candidates) {
    if (matches(selector, one)) matching.push_back(one);
  }
  if (matching.empty()) {
    return Error{ErrorCode::invalid,
                 "no target matches select; GET /api/chaos/v1/targets lists what there is",
                 "/select"};
  }
  std::sort(matching.begin(), matching.end(),
            [](const auto& a, const auto& b) { return a.target.name < b.target.name; });
  if (selector.role) {
    if (auto kept = keep_role(selector, matching); !kept) return kept.error();
  }
  return choose(selector, std::move(matching));
}

std::optional<SelectMode> select_mode_named(const std::string& word) {
  if (word == "one") return SelectMode::one;
  if (word == "all") return SelectMode::all;
  if (word == "random") return SelectMode::random;
  if (word == "percent") return SelectMode::percent;
  return std::nullopt;
}

std::optional<NodeRole> node_role_named(const std::string& word) {
  if (word == "most_leases") return NodeRole::most_leases;
  if (word == "gateway") return NodeRole::gateway;
  if (word == "leaseholder") return NodeRole::leaseholder;
  return std::nullopt;
}

}  // namespace faultline::chaos
