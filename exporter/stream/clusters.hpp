#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/cluster/table_leases.hpp"
#include "exporter/observe/snapshot_board.hpp"

namespace faultline::stream {

/// Collectors whose metrics are wanted; none: all.
using Collect = std::vector<std::string>;

/// One cluster beside the main one, as the pages see it; the board lives as long as this.
struct Target {
  std::shared_ptr<const observe::SnapshotBoard> board;
  std::string boot;  ///< Of its snapshots and its timeline.
  /// The text of GET /probe, from memory.
  std::function<std::string(const Collect&)> render_metrics;
  /// Whether a node's HTTP address speaks TLS.
  std::function<bool(const std::string& address)> over_tls;
};

using TargetMap = std::map<std::string, Target>;

/// What is watched, besides what hangs on the main board. Functions may be called by any
/// thread and answer from memory; an empty one: there is no such thing.
struct Clusters {
  bool main = true;  ///< No: nothing will ever hang on the main board.
  std::function<bool(const std::string& address)> over_tls = {};  ///< Of the main one.
  /// Of the main one: whose leases a table's are, as far as is known now, which it has read
  /// soon after. `invalid` when it is no full name of a table.
  using AskLeaseholders = std::function<Result<TableLeases>(const std::string& table)>;
  AskLeaseholders leaseholders = {};
  std::function<std::shared_ptr<const TargetMap>()> targets = {};
  /// Reads the targets file; what it returns makes that so, and is called only if all the
  /// rest could be read anew too.
  std::function<Result<std::function<void()>>()> read_targets = {};
};

}  // namespace faultline::stream
