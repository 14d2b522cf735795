#pragma once

#include <memory>
#include <string>
#include <utility>

#include "chaosd/docker/docker_runtime.hpp"
#include "chaosd/docker/host_gate.hpp"
#include "chaosd/docker/host_homes.hpp"

namespace faultline::chaos {

/// "0a1b…@eu" and "crdb-1@eu": an id, or a name, with its host. Neither can have an @ itself.
[[nodiscard]] std::string with_host(const std::string& text, const std::string& host);
/// Without its host; the second is empty where there is none.
[[nodiscard]] std::pair<std::string, std::string> split_host(const std::string& text);

/// One of several Docker hosts: what it hands out carries the host's name, what it is given
/// may; its errors say which host. One caller at a time.
class HostRuntime final : public Runtime,
                          private Holds,
                          private LimitsControl,
                          private OwnershipMarks {
 public:
  /// The watch asks always, and tells the gate what came of it; workers ask when the gate lets
  /// them through, where there are other hosts that need them.
  enum class Asks : std::uint8_t { always, through_the_gate };
  /// `gate` and `homes` outlive this.
  HostRuntime(std::string host, std::unique_ptr<DockerRuntime> engine, Asks asks, HostGate& gate,
              HostHomes& homes)
      : host_(std::move(host)),
        engine_(std::move(engine)),
        asks_(asks),
        gate_(gate),
        homes_(homes) {}

  [[nodiscard]] const std::string& host() const { return host_; }

  [[nodiscard]] RuntimeKind kind() const override { return RuntimeKind::docker; }
  [[nodiscard]] Result<std::string> describe(Deadline deadline) override;
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
  [[nodiscard]] std::vector<FaultSupport> probe(Deadline deadline) override;
  Status wait_for_change(Deadline deadline, const std::stop_token& stop) override;

 private:
  Result<HoldReport> hold(const HoldOrder& order, Deadline deadline) override;
  Result<HoldReport> renew(const FaultId& fault, Deadline deadline) override;
  Result<HoldReport> replace(const HoldOrder& order, Deadline deadline) override;
  Status release(const Hold& hold, Deadline deadline) override;
  Result<std::vector<Hold>> all(Deadline deadline) override;
  Result<DiskShare> look_at_disk(const FaultId& fault, const std::string& target_id,
                                 Deadline deadline) override;
  Result<std::vector<std::string>> exempt(const std::string& target_id, Deadline deadline) override;
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
  Result<FoundMarks> find_marks(Deadline deadline) override;

  /// Calls when the gate lets it, and says in an error which host it is of.
  template <class Call>
  auto ask(Deadline deadline, Call call) -> decltype(call());
  [[nodiscard]] TargetInfo of_host(TargetInfo target) const;
  [[nodiscard]] Error named(Error error) const;

  const std::string host_;
  const std::unique_ptr<DockerRuntime> engine_;
  const Asks asks_;
  HostGate& gate_;
  HostHomes& homes_;
};

}  // namespace faultline::chaos
