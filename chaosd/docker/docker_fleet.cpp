#include "chaosd/docker/docker_hosts.hpp"

namespace faultline::chaos {

namespace {

DockerOptions options_of(const DockerFleet::Options& all, const DockerHost& host) {
  return {host.address, all.label, all.helper_image, host.tls};
}

}  // namespace

Result<std::unique_ptr<DockerFleet>> DockerFleet::create(const Options& options,
                                                         net::AddressBook& book,
                                                         const Logger& log) {
  for (const auto& host : options.hosts) {
    const auto made = DockerRuntime::create(options_of(options, host), book);
    if (!made) return made.error();
  }
  return std::unique_ptr<DockerFleet>{new DockerFleet(options, book, log)};
}

DockerFleet::DockerFleet(Options options, net::AddressBook& book, const Logger& log)
    : options_(std::move(options)), book_(book) {
  for (const auto& host : options_.hosts) {
    gates_.push_back(std::make_unique<HostGate>(host.name, log));
  }
}

std::unique_ptr<HostRuntime> DockerFleet::make(std::size_t host, HostRuntime::Asks asks) {
  auto engine = DockerRuntime::create(options_of(options_, options_.hosts[host]), book_);
  FAULTLINE_ENSURE(engine.has_value(), "create() has tried each of them");
  return std::make_unique<HostRuntime>(options_.hosts[host].name, std::move(*engine), asks,
                                       *gates_[host], homes_);
}

std::unique_ptr<Runtime> DockerFleet::make_runtime() {
  using Asks = HostRuntime::Asks;
  const Asks asks = options_.hosts.size() == 1 ? Asks::always : Asks::through_the_gate;
  std::vector<std::unique_ptr<HostRuntime>> all;
  for (std::size_t i = 0; i < options_.hosts.size(); ++i) all.push_back(make(i, asks));
  return std::make_unique<DockerHosts>(std::move(all), homes_);
}

std::unique_ptr<Runtime> DockerFleet::make_watched(std::size_t host) {
  return make(host, HostRuntime::Asks::always);
}

}  // namespace faultline::chaos
