#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chaosd/docker/docker_engine.hpp"
#include "chaosd/docker/holder_json.hpp"
#include "chaosd/runtime/capability.hpp"
#include "chaosd/runtime/holds.hpp"

namespace faultline::chaos {

inline constexpr std::string_view kDefaultHelperImage = "faultline-nethold:0.1.0";

/// Holds as containers of our own: in the network namespace of the target
/// (`container:<id>`), with NET_ADMIN and nothing else; or without a network, with the
/// target's volume and the right to write there, and where that is what is held, with the
/// target's own cgroup. One container per fault,
/// found by its name and its labels, asked by SIGUSR1 and answering in its log. It is
/// not removed by the Engine when it ends, for its exit code tells whether it took its
/// rules away itself; otherwise another one cleans up after it.
class DockerHolds final : public Holds {
 public:
  /// `engine` outlives this. `owner`: the opt-in label, so that two chaosds with labels
  /// of their own do not clean up after each other.
  DockerHolds(DockerEngine& engine, std::string image, std::string owner)
      : engine_(engine), image_(std::move(image)), owner_(std::move(owner)) {}

  Result<HoldReport> hold(const HoldOrder& order, Deadline deadline) override;
  Result<HoldReport> renew(const FaultId& fault, Deadline deadline) override;
  /// By a second process in the helper's container, which ends at once.
  Result<HoldReport> replace(const HoldOrder& order, Deadline deadline) override;
  Status release(const Hold& hold, Deadline deadline) override;
  Result<std::vector<Hold>> all(Deadline deadline) override;
  Result<DiskShare> look_at_disk(const FaultId& fault, const std::string& target_id,
                                 Deadline deadline) override;
  Result<std::vector<std::string>> exempt(const std::string& target_id, Deadline deadline) override;
  Result<std::vector<std::string>> own_addresses(Deadline deadline) override;
  Result<std::vector<std::string>> addresses_in_use(const std::string& target_id,
                                                    Deadline deadline) override;

  /// What the kernel of the Engine's machine can do, tried by a helper in a network
  /// namespace of its own. Remembered once the helper could answer.
  [[nodiscard]] std::vector<FaultSupport> probe(Deadline deadline);

 private:
  /// What the helper of this order is to be: in the target's network, or with its volume.
  [[nodiscard]] Result<HolderSpec> spec_for(const HoldOrder& order, Deadline deadline);
  /// Whether nobody but the target would meet rules in its network.
  [[nodiscard]] Status has_its_network_alone(const std::string& target_id, Deadline deadline);
  /// Gives a helper the disk of the target, and its cgroup where limits are meant.
  [[nodiscard]] Status give_disk(HolderSpec& spec, const std::string& target_id, bool limits,
                                 Deadline deadline);
  [[nodiscard]] Status give_cgroup(HolderSpec& spec, std::string_view inspected, Deadline deadline);
  /// What takes away after a helper that was killed.
  [[nodiscard]] Result<HolderSpec> cleaner_for(const Hold& hold, std::string_view inspected,
                                               Deadline deadline);
  [[nodiscard]] Result<Holder> inspect(const std::string& name, Deadline deadline);
  [[nodiscard]] Result<std::string> create(const std::string& name, const HolderSpec& spec,
                                           Deadline deadline);
  /// In the place of one that an earlier run left; waits while its name is not free yet.
  [[nodiscard]] Result<std::string> create_anew(const std::string& name, const HolderSpec& spec,
                                                Deadline deadline);
  [[nodiscard]] Status start(const std::string& id, Deadline deadline);
  [[nodiscard]] Status remove(const std::string& id, Deadline deadline);
  [[nodiscard]] Result<std::vector<std::string>> log(const std::string& id, Deadline deadline);
  /// The one of a fault, if it runs; else `not_found`.
  [[nodiscard]] Result<Holder> running_helper(const FaultId& fault, Deadline deadline);
  /// Number of the last status line; 0: it has said nothing yet.
  [[nodiscard]] Result<std::int64_t> last_number(const std::string& id, Deadline deadline);
  /// Waits for a status line with a number above `after`, and of these rules if they are given.
  [[nodiscard]] Result<HoldReport> await_report(const std::string& id, std::int64_t after,
                                                Deadline deadline, const NetRules* rules = nullptr);
  /// Has a second process run in a container: what it says.
  [[nodiscard]] Result<std::vector<std::string>> exec(const std::string& id,
                                                      const std::vector<std::string>& command,
                                                      Deadline deadline);
  [[nodiscard]] Result<std::vector<std::string>> addresses_of(const std::string& filter,
                                                              Deadline deadline);
  /// Runs a helper to its end in a network: its log, when it ended with 0.
  [[nodiscard]] Result<std::vector<std::string>> run(const std::string& name,
                                                     const HolderSpec& spec, Deadline deadline);
  [[nodiscard]] Status clean_up(const Hold& hold, Deadline deadline);
  [[nodiscard]] Status stop(const std::string& name, Holder& holder, Deadline deadline);
  [[nodiscard]] std::map<std::string, std::string> labels() const;

  DockerEngine& engine_;
  const std::string image_;
  const std::string owner_;
  std::vector<FaultSupport> probed_;
};

/// Of the container that holds a fault; `invalid` when that is no id.
[[nodiscard]] Result<std::string> holder_name(const FaultId& fault);

/// What the helper's lines mean for each kind of fault that is held. Pure.
[[nodiscard]] std::vector<FaultSupport> read_probe(const std::vector<std::string>& lines);

}  // namespace faultline::chaos
