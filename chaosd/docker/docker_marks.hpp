#pragma once

#include <optional>
#include <string>

#include "chaosd/docker/docker_engine.hpp"
#include "chaosd/docker/mark_json.hpp"

namespace faultline::chaos {

/// Marks as volumes that nothing is ever in, for no Engine labels a container that exists: each is
/// `faultline-mark-<fault id>`, and its labels are the mark. Volumes need no image, and stay when
/// the Engine is restarted or the target is removed.
class DockerMarks final : public OwnershipMarks {
 public:
  /// `engine` outlives this. `owner`: the opt-in label, as of the helpers.
  DockerMarks(DockerEngine& engine, std::string owner)
      : engine_(engine), owner_(std::move(owner)) {}

  Status put_mark(const Mark& mark, Deadline deadline) override;
  Status take_mark(const FaultId& fault, const std::string& target_id, Deadline deadline) override;
  Result<FoundMarks> find_marks(Deadline deadline) override;

 private:
  /// Empty: there is none of this name.
  [[nodiscard]] Result<std::optional<Volume>> look(const std::string& name, Deadline deadline);
  Status remove(const std::string& name, Deadline deadline);

  DockerEngine& engine_;
  const std::string owner_;
};

}  // namespace faultline::chaos
