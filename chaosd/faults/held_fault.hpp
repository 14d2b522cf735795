#pragma once

#include <string_view>

#include "chaosd/faults/marked.hpp"
#include "chaosd/runtime/holds.hpp"

namespace faultline::chaos {

/// What the faults share that something of ours holds beside the target, and that ends itself
/// when chaosd is silent: rules in its network, a file on the disk of its store, or limits there.
class HeldFault : public MarkedFault {
 public:
  Status apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const final;
  /// Shown by what the kernel itself counts.
  [[nodiscard]] Result<Proof> prove(Runtime& runtime, const FaultOrder& order,
                                    const TargetInfo& target, Deadline deadline) const final;
  Result<std::string> keep(Runtime& runtime, const FaultOrder& order,
                           Deadline deadline) const final;
  Status undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const override;

  /// Of silence of chaosd, after which a hold ends itself.
  static constexpr milliseconds kLease{30'000};

 protected:
  [[nodiscard]] Result<Holds*> holds_of(Runtime& runtime) const;
  [[nodiscard]] Result<HoldReport> renew(Runtime& runtime, const FaultOrder& order,
                                         Deadline deadline) const;

 private:
  [[nodiscard]] virtual HoldPlace place() const = 0;
  /// What local processes have only one of, all together.
  [[nodiscard]] virtual std::string_view shared_by_processes() const = 0;
  [[nodiscard]] virtual Result<HoldWhat> what(Runtime& runtime, const FaultOrder& order,
                                              Deadline deadline) const = 0;
  [[nodiscard]] virtual Proof proof_in(const HoldReport& report) const = 0;
  /// Makes what is held what it should be now; as of keep().
  virtual Result<std::string> follow(Runtime& /*runtime*/, const FaultOrder& /*order*/,
                                     const HoldReport& /*held*/, Deadline /*deadline*/) const {
    return std::string{};
  }
};

}  // namespace faultline::chaos
