#include "simulator/cluster/gossip.hpp"

#include "simulator/cluster/codec.hpp"

namespace faultline::sim::cluster {
namespace {

bool ended(const Info& info, Time now) { return info.ttl > 0 && info.written_at + info.ttl <= now; }

// A liveness record is newer by what it says, not by when somebody repeated it:
// several nodes publish the same record.
bool newer(const Info& candidate, const Info& known) {
  if (candidate.key.starts_with("liveness/")) {
    const auto a = decode_liveness(candidate.value);
    const auto b = decode_liveness(known.value);
    if (a && b && (a->epoch != b->epoch || a->expiration != b->expiration)) {
      return std::pair(a->epoch, a->expiration) > std::pair(b->epoch, b->expiration);
    }
  }
  return candidate.written_at > known.written_at;
}

}  // namespace

void Gossip::add(const std::string& key, const std::string& value, Time now, Time ttl) {
  Entry& entry = entries_[key];
  const Info info{key, value, now, ttl};
  if (entry.sequence != 0 && key.starts_with("liveness/") && !newer(info, entry.info)) return;
  entry = Entry{info, ++sequence_, ""};
}

std::vector<std::string> Gossip::merge(const std::vector<Info>& infos, const std::string& from) {
  std::vector<std::string> changed;
  for (const Info& info : infos) {
    Entry& entry = entries_[info.key];
    if (entry.sequence != 0 && !newer(info, entry.info)) continue;
    entry = Entry{info, ++sequence_, from};
    changed.push_back(info.key);
  }
  return changed;
}

std::optional<std::string> Gossip::value(const std::string& key, Time now) const {
  const Info* info = find(key);
  if (info == nullptr || ended(*info, now)) return std::nullopt;
  return info->value;
}

const Info* Gossip::find(const std::string& key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second.info;
}

std::vector<Info> Gossip::list(const std::string& prefix, Time now) const {
  std::vector<Info> found;
  for (auto it = entries_.lower_bound(prefix);
       it != entries_.end() && it->first.starts_with(prefix); ++it) {
    if (!ended(it->second.info, now)) found.push_back(it->second.info);
  }
  return found;
}

std::vector<Info> Gossip::news_for(const std::string& peer, Time now) {
  std::uint64_t& sent = sent_[peer];
  std::vector<Info> news;
  if (sent == sequence_) return news;
  for (const auto& [key, entry] : entries_) {
    if (entry.sequence > sent && entry.from != peer && !ended(entry.info, now)) {
      news.push_back(entry.info);
    }
  }
  sent = sequence_;
  return news;
}

void Gossip::forget_peer(const std::string& peer) {
  sent_.erase(peer);
  // It may have been started anew and know no longer what it once told us.
  for (auto& [key, entry] : entries_) {
    if (entry.from == peer) entry.from.clear();
  }
}

}  // namespace faultline::sim::cluster
