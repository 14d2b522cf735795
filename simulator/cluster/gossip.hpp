#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/cluster/message.hpp"

namespace faultline::sim::cluster {

/// What a node has heard: keyed infos, the newest writing wins, some end by
/// themselves. Each peer is sent what it has not been sent yet. Not thread-safe.
class Gossip {
 public:
  void add(const std::string& key, const std::string& value, Time now, Time ttl = 0);
  /// Takes over what is newer; answers the keys that changed.
  std::vector<std::string> merge(const std::vector<Info>& infos, const std::string& from);

  [[nodiscard]] std::optional<std::string> value(const std::string& key, Time now) const;
  [[nodiscard]] const Info* find(const std::string& key) const;
  /// Infos whose key starts with `prefix` and that have not ended.
  [[nodiscard]] std::vector<Info> list(const std::string& prefix, Time now) const;

  /// What `peer` has not been sent yet; empty when there is nothing new.
  [[nodiscard]] std::vector<Info> news_for(const std::string& peer, Time now);
  /// A new link to `peer`: everything has to be sent again.
  void forget_peer(const std::string& peer);

 private:
  struct Entry {
    Info info;
    std::uint64_t sequence = 0;
    std::string from;
  };
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::uint64_t> sent_;
  std::uint64_t sequence_ = 0;
};

}  // namespace faultline::sim::cluster
