#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace faultline {

/// CockroachDB's node id: 1 and up, given by the cluster at the first join.
struct NodeId {
  std::int64_t value = 0;
  auto operator<=>(const NodeId&) const = default;
};

/// A store's id. Replicas name stores, never nodes (equal only by luck).
struct StoreId {
  std::int64_t value = 0;
  auto operator<=>(const StoreId&) const = default;
};

/// A fault's id, given by chaosd: path-safe, unique over its restarts.
struct FaultId {
  std::string value;
  auto operator<=>(const FaultId&) const = default;
};

}  // namespace faultline

template <>
struct std::hash<faultline::NodeId> {
  std::size_t operator()(faultline::NodeId id) const noexcept {
    return std::hash<std::int64_t>{}(id.value);
  }
};
