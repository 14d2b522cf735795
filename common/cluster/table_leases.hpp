#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"

namespace faultline {

/// Who holds the leases of one table's ranges: the answer of GET /api/v1/leaseholders, field
/// by field schema/leaseholders.schema.json.
struct TableLeases {
  /// reading: it was asked of the cluster just now; ask again. unknown: see `reason`.
  enum class State : std::uint8_t { reading, known, unknown };
  struct Holder {
    NodeId node;
    std::int64_t leases = 0;
    bool operator==(const Holder&) const = default;
  };

  std::string table;  ///< As database.schema.table.
  State state = State::reading;
  std::string reason = {};
  std::optional<WallTime> read_at = {};
  std::int64_t ranges = 0;           ///< Of the table; known only.
  std::vector<Holder> holders = {};  ///< Most leases first, then by node id; known only.
};

}  // namespace faultline
