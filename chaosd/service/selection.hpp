#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "chaosd/runtime/runtime.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/cluster/table_leases.hpp"

namespace faultline::chaos {

/// How many of those that match.
enum class SelectMode { one, all, random, percent };
/// A part that a node plays now, as the exporter tells it.
enum class NodeRole { most_leases, gateway, leaseholder };

/// Which targets are meant. Each criterion that is given must hold, and at least one
/// must be given: "everything" is never what was left out.
struct Selector {
  std::vector<std::string> names;
  std::vector<NodeId> node_ids;
  std::map<std::string, std::string> labels;  ///< Of the container, exactly so.
  std::vector<std::string> locality;          ///< "region=eu": tiers that the node must have.
  std::optional<NodeRole> role;
  std::string table;  ///< Of the role leaseholder: database.schema.table.
  /// Who has the leases of `table`, most first; asked for before anything is selected.
  std::vector<TableLeases::Holder> holders = {};
  SelectMode mode = SelectMode::one;
  std::int64_t count = 0;             ///< Of `random`.
  std::int64_t percent = 0;           ///< Of `percent`; rounded up, so that it is never nobody.
  std::optional<std::uint64_t> seed;  ///< Of every mode but `all`: the same one, the same choice.
};

/// A target with what the exporter says of its node; what it does not say is empty.
struct Candidate {
  TargetInfo target;
  std::optional<NodeId> node_id;
  std::string locality;  ///< "region=eu,zone=a".
  std::optional<std::int64_t> leases;
  bool is_gateway = false;  ///< The exporter reads the cluster through it.
};

/// Those that are meant, in order of name. Pure: the same candidates, selector and seed
/// give the same answer on every machine. All modes but `all` choose among those that
/// run. Errors carry a pointer below "/select": `invalid` (no criterion, or a field that
/// cannot be used), `not_found` (a name or node nobody has, nobody matches), `conflict`
/// (the exporter does not tell what is asked for; nobody who matches runs).
[[nodiscard]] Result<std::vector<TargetInfo>> select_targets(
    const Selector& selector, const std::vector<Candidate>& candidates);

[[nodiscard]] std::optional<SelectMode> select_mode_named(const std::string& word);
[[nodiscard]] std::optional<NodeRole> node_role_named(const std::string& word);

}  // namespace faultline::chaos
