#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chaosd/process/pidfd.hpp"
#include "chaosd/process/process_file.hpp"
#include "chaosd/runtime/runtime.hpp"

namespace faultline::chaos {

/// Local processes, for the demo: what the file of --process.file lists and nothing
/// else. A process is found by its pid file, and is touched only when its command
/// line is the one in the file: a pid that was used again by another program, or by
/// another node, is left alone. Signals go through a pidfd that was opened before
/// that check, so there is no instant in between. One caller at a time.
class ProcessRuntime final : public Runtime {
 public:
  /// `marks`: where it is written down which processes are down by us; null: nowhere.
  explicit ProcessRuntime(std::vector<ProcessSpec> specs, std::string file = {},
                          std::unique_ptr<OwnershipMarks> marks = {});

  [[nodiscard]] RuntimeKind kind() const override { return RuntimeKind::process; }
  [[nodiscard]] Result<std::string> describe(Deadline deadline) override;
  [[nodiscard]] Result<std::vector<TargetInfo>> list(Deadline deadline) override;
  [[nodiscard]] Result<TargetInfo> inspect(const std::string& id, Deadline deadline) override;
  [[nodiscard]] bool is_same_run(const std::string& earlier,
                                 const std::string& later) const override;
  Status stop(const std::string& id, std::chrono::seconds grace, Deadline deadline) override;
  Status kill(const std::string& id, Deadline deadline) override;
  Status pause(const std::string& id, Deadline deadline) override;
  Status unpause(const std::string& id, Deadline deadline) override;
  Status start(const std::string& id, Deadline deadline) override;
  [[nodiscard]] OwnershipMarks* marks() override { return marks_.get(); }
  /// Network and resource faults need containers.
  [[nodiscard]] std::vector<FaultSupport> probe(Deadline deadline) override;
  /// An exit is seen at once, anything else within 50 ms. Compares with what list()
  /// last told, so that nothing is missed between the two.
  Status wait_for_change(Deadline deadline, const std::stop_token& stop) override;

 private:
  struct Seen {
    std::string instance;
    ContainerState state = ContainerState::unknown;
    bool operator==(const Seen&) const = default;
  };

  [[nodiscard]] const ProcessSpec* find(const std::string& id) const;
  [[nodiscard]] TargetInfo look(const ProcessSpec& spec, const std::optional<Pidfd>& process) const;

  std::vector<ProcessSpec> specs_;
  std::string file_;
  const std::unique_ptr<OwnershipMarks> marks_;
  std::string boot_;        // Of the machine: ticks and pids begin again with it.
  std::vector<Seen> told_;  // What list() or wait_for_change() answered last.
};

/// What main calls. Errors name the field of the file.
[[nodiscard]] Result<std::unique_ptr<Runtime>> make_process_runtime(
    const std::string& file, std::unique_ptr<OwnershipMarks> marks = {});

}  // namespace faultline::chaos
