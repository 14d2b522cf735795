#pragma once

#include <string>

#include "chaosd/runtime/ownership_marks.hpp"

namespace faultline::chaos {

/// Marks as files, one per fault, for targets that nothing can be written on: local processes.
/// They are in a folder of --state-dir, apart from the journal, and each is whole or not there.
class MarkFolder final : public OwnershipMarks {
 public:
  /// `folder` need not exist yet.
  explicit MarkFolder(std::string folder) : folder_(std::move(folder)) {}

  Status put_mark(const Mark& mark, Deadline deadline) override;
  Status take_mark(const FaultId& fault, const std::string& target_id, Deadline deadline) override;
  Result<FoundMarks> find_marks(Deadline deadline) override;

 private:
  [[nodiscard]] std::string path_of(const FaultId& fault) const;

  const std::string folder_;
};

}  // namespace faultline::chaos
