#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chaosd/docker/docker_host.hpp"
#include "chaosd/docker/host_runtime.hpp"

namespace faultline::chaos {

/// All Docker hosts as one runtime, for a worker: each call goes to the host of its target. An
/// id without a host, as a journal of before has it, is looked for on all of them; one of a host
/// that the flags do not name, or that cannot be asked, is `unavailable`, never `not_found`: who
/// cannot be asked has not said that it is gone. One caller at a time.
class DockerHosts final : public Runtime,
                          private Holds,
                          private LimitsControl,
                          private OwnershipMarks {
 public:
  /// `homes` outlives this.
  DockerHosts(std::vector<std::unique_ptr<HostRuntime>> hosts, HostHomes& homes)
      : hosts_(std::move(hosts)), homes_(homes) {}

  [[nodiscard]] RuntimeKind kind() const override { return RuntimeKind::docker; }
  [[nodiscard]] Result<std::string> describe(Deadline deadline) override;
  /// Of the hosts that answer, all asked at once; an error when none does. For who needs the
  /// others of a target; what a host has is listed by its own watch.
  [[nodiscard]] Result<std::vector<TargetInfo>> list(Deadline deadline) override;
  [[nodiscard]] Result<TargetInfo> inspect(const std::string& id, Deadline deadline) override;
  Status stop(const std::string& id, std::chrono::seconds grace, Deadline deadline) override;
  Status kill(const std::string& id, Deadline deadline) override;
  Status pause(const std::string& id, Deadline deadline) override;
  Status unpause(const std::string& id, Deadline deadline) override;
  Status start(const std::string& id, Deadline deadline) override;
  [[nodiscard]] Holds* holds() override { return this; }
  [[nodiscard]] LimitsControl* limits() override { return this; }
  [[nodiscard]] OwnershipMarks* marks() override { return this; }
  /// What all of them can do; see common_support.
  [[nodiscard]] std::vector<FaultSupport> probe(Deadline deadline) override;
  /// Of several hosts: every second, as nobody waits for all of them here.
  Status wait_for_change(Deadline deadline, const std::stop_token& stop) override;

 private:
  Result<HoldReport> hold(const HoldOrder& order, Deadline deadline) override;
  Result<HoldReport> renew(const FaultId& fault, Deadline deadline) override;
  Result<HoldReport> replace(const HoldOrder& order, Deadline deadline) override;
  Status release(const Hold& hold, Deadline deadline) override;
  /// An error when one of them cannot be asked; parts() has them apart.
  Result<std::vector<Hold>> all(Deadline deadline) override;
  [[nodiscard]] std::vector<Holds*> parts() override;
  Result<DiskShare> look_at_disk(const FaultId& fault, const std::string& target_id,
                                 Deadline deadline) override;
  Result<std::vector<std::string>> exempt(const std::string& target_id, Deadline deadline) override;
  /// Of all hosts; an error when one of them cannot be asked.
  Result<std::vector<std::string>> own_addresses(Deadline deadline) override;
  Result<std::vector<std::string>> addresses_in_use(const std::string& target_id,
                                                    Deadline deadline) override;

  [[nodiscard]] Result<Limits> read(const std::string& id, Deadline deadline) override;
  [[nodiscard]] Result<std::int64_t> memory_used(const std::string& id, Deadline deadline) override;
  [[nodiscard]] Result<Machine> machine_of(const std::string& id, Deadline deadline) override;
  Status set_cpu(const std::string& id, const Limits& limits, Deadline deadline) override;
  Status set_memory(const std::string& id, const Limits& limits, Deadline deadline) override;

  Status put_mark(const Mark& mark, Deadline deadline) override;
  Status take_mark(const FaultId& fault, const std::string& target_id, Deadline deadline) override;
  /// An error when one of them cannot be asked; mark_parts() has them apart.
  Result<FoundMarks> find_marks(Deadline deadline) override;
  Result<FoundMarks> find_marks_of(const std::string& target_id, Deadline deadline) override;
  [[nodiscard]] std::vector<OwnershipMarks*> mark_parts() override;

  [[nodiscard]] HostRuntime* named(const std::string& host) const;
  [[nodiscard]] Result<HostRuntime*> home_of(const std::string& id, Deadline deadline);
  /// What `call` says of the host of `id`; or why there is none.
  template <class Call>
  auto at_home(const std::string& id, Deadline deadline, Call call)
      -> decltype(call(std::declval<HostRuntime&>()));
  /// The same, or everywhere in turn for a target that is gone, and was of before there were
  /// several hosts.
  template <class Call>
  Status at_home_or_everywhere(const std::string& id, Deadline deadline, Call call);
  [[nodiscard]] Result<HostRuntime*> search(const std::string& id, Deadline deadline);

  const std::vector<std::unique_ptr<HostRuntime>> hosts_;  // At least one.
  HostHomes& homes_;
};

/// Every Docker host that the flags name, and what all runtimes on them share. Made once, and
/// outlives those that it makes. The makers: one thread.
class DockerFleet {
 public:
  struct Options {
    std::vector<DockerHost> hosts;
    std::string label{kDefaultTargetLabel};
    std::string helper_image{kDefaultHelperImage};
  };
  /// `invalid` when an address or the label cannot be used. `book` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<DockerFleet>> create(const Options& options,
                                                                   net::AddressBook& book,
                                                                   const Logger& log);

  /// In the order of the flags; one without a name where that is all.
  [[nodiscard]] const std::vector<DockerHost>& hosts() const { return options_.hosts; }
  [[nodiscard]] std::unique_ptr<Runtime> make_runtime();
  /// Of one host, for its watch.
  [[nodiscard]] std::unique_ptr<Runtime> make_watched(std::size_t host);

 private:
  DockerFleet(Options options, net::AddressBook& book, const Logger& log);
  [[nodiscard]] std::unique_ptr<HostRuntime> make(std::size_t host, HostRuntime::Asks asks);

  const Options options_;
  net::AddressBook& book_;
  HostHomes homes_;
  std::vector<std::unique_ptr<HostGate>> gates_;  // One per host.
};

}  // namespace faultline::chaos
