#pragma once

#include <memory>
#include <string>
#include <vector>

#include "chaosd/config.hpp"
#include "chaosd/docker/docker_hosts.hpp"
#include "chaosd/service/container_watch.hpp"

namespace faultline::chaos {

/// One per host, each with a runtime of its own.
struct Watches {
  std::vector<std::unique_ptr<Runtime>> runtimes;
  std::vector<std::unique_ptr<ContainerWatch>> watches;
};

/// Makes the runtimes that the flags ask for: everybody who calls one has one of their own.
/// Outlives them. One thread.
class Runtimes {
 public:
  /// `invalid` with the flag that will not do. `book` outlives this.
  [[nodiscard]] static Result<Runtimes> create(const ChaosdConfig& config, net::AddressBook& book);

  /// Of several Docker hosts; else one without a name.
  [[nodiscard]] std::vector<std::string> hosts() const;
  [[nodiscard]] Result<std::unique_ptr<Runtime>> make() const;
  [[nodiscard]] Result<Watches> make_watches(TargetBoard& board, Ledger& ledger,
                                             const ChaosClock& clock) const;
  /// A journal of before its hosts had names has targets without them. Asks for two seconds at
  /// most: one whose host does not answer stays as it is, and is looked for on every host.
  [[nodiscard]] std::vector<FaultRecord> with_hosts(std::vector<FaultRecord> records) const;

 private:
  Runtimes(std::string process_file, std::string mark_folder)
      : process_file_(std::move(process_file)), mark_folder_(std::move(mark_folder)) {}
  [[nodiscard]] Result<std::unique_ptr<Runtime>> make_local() const;

  std::string process_file_;
  std::string mark_folder_;             // Of local processes.
  std::unique_ptr<DockerFleet> fleet_;  // Null: local processes.
};

}  // namespace faultline::chaos
