#include "chaosd/runtimes.hpp"

#include "chaosd/process/process_runtime.hpp"
#include "chaosd/service/mark_folder.hpp"

namespace faultline::chaos {

Result<Runtimes> Runtimes::create(const ChaosdConfig& config, net::AddressBook& book) {
  Runtimes made{config.process_file, config.state_dir + "/marks"};
  if (config.runtime == RuntimeKind::process) {
    // A file that will not do is told before anything is begun.
    if (auto tried = made.make(); !tried) return tried.error();
    return made;
  }
  auto hosts = read_docker_hosts(config.docker);
  if (!hosts) return hosts.error();
  auto fleet =
      DockerFleet::create({std::move(*hosts), config.docker_label, config.docker_helper_image},
                          book, make_logger("chaosd.docker"));
  if (!fleet) return fleet.error();
  made.fleet_ = std::move(*fleet);
  return made;
}

std::vector<std::string> Runtimes::hosts() const {
  if (!fleet_) return {""};
  std::vector<std::string> names;
  for (const auto& host : fleet_->hosts()) names.push_back(host.name);
  return names;
}

Result<std::unique_ptr<Runtime>> Runtimes::make() const {
  if (fleet_) return fleet_->make_runtime();
  return make_local();
}

Result<std::unique_ptr<Runtime>> Runtimes::make_local() const {
  return make_process_runtime(process_file_, std::make_unique<MarkFolder>(mark_folder_));
}

Result<Watches> Runtimes::make_watches(TargetBoard& board, Ledger& ledger,
                                       const ChaosClock& clock) const {
  Watches all;
  const auto names = hosts();
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto runtime = fleet_ ? Result{fleet_->make_watched(i)} : make_local();
    if (!runtime) return runtime.error();
    all.watches.push_back(
        std::make_unique<ContainerWatch>(**runtime, board, ledger, clock, names[i]));
    all.runtimes.push_back(std::move(*runtime));
  }
  return all;
}

std::vector<FaultRecord> Runtimes::with_hosts(std::vector<FaultRecord> records) const {
  if (hosts().front().empty()) return records;
  const auto runtime = make();
  if (!runtime) return records;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{2};
  const auto name = [&](std::string& id, std::string& target) {
    if (!split_host(id).second.empty()) return;
    if (const auto found = (*runtime)->inspect(id, until)) {
      id = found->id;
      target = found->name;
    }
  };
  for (auto& record : records) {
    if (!is_open(record.view.state)) continue;
    name(record.target_id, record.view.target);
    for (auto& peer : record.params.peers) name(peer.id, peer.name);
  }
  return records;
}

}  // namespace faultline::chaos
