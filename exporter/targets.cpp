#include "exporter/targets.hpp"

#include <utility>

#include "exporter/metrics/page.hpp"

namespace faultline::exporter {

Targets::Targets(std::string file, const Shared& shared, Logger log)
    : file_(std::move(file)), shared_(shared), log_(std::move(log)) {}

void Targets::set(const TargetConfigs& configs) {
  const std::lock_guard change(changing_);
  const auto now = shared_.clock.steady();
  std::erase_if(ending_, [&](const Ending& item) { return now - item.since > kEndsWithin; });
  std::map<std::string, ClusterPtr> next;
  for (const auto& [name, config] : configs) {
    const auto old = clusters_.find(name);
    if (old != clusters_.end() && old->second->config() == config) {
      next.insert(*old);
      continue;
    }
    next.emplace(name, std::make_shared<WatchedCluster>(name, config, shared_));
    next.at(name)->start();
    log_->info("target watched target={} boot={}", name, next.at(name)->boot());
  }
  for (const auto& [name, cluster] : std::exchange(clusters_, next)) {
    if (const auto kept = next.find(name); kept != next.end() && kept->second == cluster) continue;
    cluster->stop();
    ending_.push_back({cluster, now});
    log_->info("target no longer watched target={} boot={}", name, cluster->boot());
  }
  auto pages = std::make_shared<stream::TargetMap>();
  for (const auto& [name, cluster] : clusters_) pages->emplace(name, page_of(cluster));
  const std::lock_guard lock(mutex_);
  pages_ = std::move(pages);
}

void Targets::stop() {
  const std::lock_guard change(changing_);
  for (const auto& [name, cluster] : clusters_) cluster->stop();
}

Result<std::function<void()>> Targets::read() {
  if (file_.empty()) return std::function<void()>{[] {}};
  auto configs = read_targets_file(file_);
  if (!configs) return configs.error();
  return std::function<void()>{[this, fresh = std::move(configs).value()] { set(fresh); }};
}

std::shared_ptr<const stream::TargetMap> Targets::pages() const {
  const std::lock_guard lock(mutex_);
  return pages_;
}

stream::Target Targets::page_of(const ClusterPtr& cluster) const {
  return {{cluster, &cluster->board()},
          cluster->boot(),
          [cluster, &clock = shared_.clock](const stream::Collect& collect) {
            return metrics::render_target(cluster->board().latest().get(), cluster->event_counts(),
                                          clock.wall(), collect);
          },
          [cluster](const std::string& address) { return cluster->over_tls(address); }};
}

}  // namespace faultline::exporter
