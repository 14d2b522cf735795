#pragma once

#include <memory>
#include <string>

#include "exporter/observe/readings.hpp"

namespace faultline::observe {

/// Descriptors are kept on purpose through an outage: nothing can be read then, and nothing
/// moves. In a cluster that goes on while they are not read anew (a privilege is gone, there are
/// too many ranges, the read never fits into its deadline) they soon name nodes that hold none of
/// those replicas any more. What is kept of that from one picture to the next.
struct OldDescriptors {
  std::shared_ptr<const sources::PlacementPart> part;  ///< The last that were read.
  WallTime began = WallTime::min();                    ///< When that read began.
  /// They have been too old while there was no outage: of no use before they are read anew, for
  /// an outage that begins later does not make them true again.
  bool outlived = false;
};

/// Takes note of what has been read anew. Pure.
[[nodiscard]] OldDescriptors take_note(OldDescriptors before, const Readings& readings);

/// One picture later, after `take_note`. `outage`: now, by these descriptors or by what nodes say
/// of themselves. Pure.
[[nodiscard]] OldDescriptors grow_old(OldDescriptors before, const Readings& readings, bool outage,
                                      WallTime now);

/// Why descriptors that are outlived are of no use, and why there are no younger ones.
[[nodiscard]] std::string why_outlived(const Readings& readings);

}  // namespace faultline::observe
