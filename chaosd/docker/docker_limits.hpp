#pragma once

#include <vector>

#include "chaosd/docker/docker_engine.hpp"
#include "chaosd/runtime/capability.hpp"
#include "chaosd/runtime/limits.hpp"

namespace faultline::chaos {

/// Limits by the Engine's update call, whose zeros change nothing: what is to be lifted
/// is written as the kernel writes "none".
class DockerLimits final : public LimitsControl {
 public:
  /// `engine` outlives this.
  explicit DockerLimits(DockerEngine& engine) : engine_(engine) {}

  [[nodiscard]] Result<Limits> read(const std::string& id, Deadline deadline) override;
  [[nodiscard]] Result<std::int64_t> memory_used(const std::string& id, Deadline deadline) override;
  [[nodiscard]] Result<Machine> machine_of(const std::string& id, Deadline deadline) override;
  Status set_cpu(const std::string& id, const Limits& limits, Deadline deadline) override;
  Status set_memory(const std::string& id, const Limits& limits, Deadline deadline) override;

  /// Whether the machine has the controllers, as GET /info says.
  [[nodiscard]] std::vector<FaultSupport> probe(Deadline deadline);

 private:
  [[nodiscard]] Status update(const std::string& id, const std::string& body, Deadline deadline);

  DockerEngine& engine_;
};

}  // namespace faultline::chaos
