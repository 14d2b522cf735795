#pragma once

#include "chaosd/faults/down.hpp"

namespace faultline::chaos {

/// A clean shutdown and a start, as two steps of the journal rather than the
/// runtime's own restart, which a crash of ours could leave half done. Its deadline
/// is the instant by which the target must run again.
class RestartFault final : public DownFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::restart; }
  [[nodiscard]] bool ends_at_once() const override { return true; }
  Status apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const override;
};

}  // namespace faultline::chaos
