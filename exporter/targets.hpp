#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "exporter/stream/clusters.hpp"
#include "exporter/targets_file.hpp"
#include "exporter/watched_cluster.hpp"

namespace faultline::exporter {

/// The clusters of the targets file, each watched on its own. Any thread.
class Targets {
 public:
  /// `shared` outlives this; an empty `file`: no targets, ever.
  Targets(std::string file, const Shared& shared, Logger log);

  /// Starts those that are new or that are described otherwise now, and ends those that are
  /// gone; the others go on with their history. Waits for nobody.
  void set(const TargetConfigs& configs);
  /// Ends all; the destructor waits.
  void stop();

  /// Reads the file; what it returns sets what was read.
  [[nodiscard]] Result<std::function<void()>> read();
  /// As the pages see them.
  [[nodiscard]] std::shared_ptr<const stream::TargetMap> pages() const;

 private:
  using ClusterPtr = std::shared_ptr<WatchedCluster>;
  /// One that has been told to stop: its reads in hand end by their deadlines, and only then
  /// is it put away, so that nobody waits for them.
  struct Ending {
    ClusterPtr cluster;
    SteadyTime since;
  };
  static constexpr milliseconds kEndsWithin{15'000};

  [[nodiscard]] stream::Target page_of(const ClusterPtr& cluster) const;

  const std::string file_;
  const Shared shared_;
  const Logger log_;
  std::mutex changing_;  // One change at a time: guards clusters_ and ending_.
  std::map<std::string, ClusterPtr> clusters_;
  std::vector<Ending> ending_;
  mutable std::mutex mutex_;  // Guards pages_, for those who must not wait for a change.
  std::shared_ptr<const stream::TargetMap> pages_ = std::make_shared<const stream::TargetMap>();
};

}  // namespace faultline::exporter
