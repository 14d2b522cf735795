#include "chaosd/http/idempotency.hpp"

#include <algorithm>
#include <iterator>

namespace faultline::chaos {

namespace {

bool is_key(const std::string& key) {
  return !key.empty() && key.size() <= IdempotencyBook::kKeySizeMax &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

std::string name_of(const IdempotencyKey& key) { return key.role + " " + key.text; }

void say_replayed(Reply& reply) {
  for (const auto& [name, value] : reply.headers) {
    if (name == "Idempotency-Replayed") return;
  }
  reply.headers.emplace_back("Idempotency-Replayed", "true");
}

void IdempotencyBook::forget(Place place) {
  places_.erase(place->key);
  entries_.erase(place);
}

void IdempotencyBook::make_room(SteadyTime now) {
  while (!entries_.empty() && now - entries_.front().at > kKeptFor) forget(entries_.begin());
  if (entries_.size() < kKeysMax) return;
  // What is on its way stays: the next one with that key must not be done beside it.
  const auto oldest = std::find_if(entries_.begin(), entries_.end(),
                                   [](const Entry& entry) { return entry.reply.has_value(); });
  if (oldest != entries_.end()) forget(oldest);
}

IdempotencyBook::Found IdempotencyBook::begin(const IdempotencyKey& key, const std::string& digest,
                                              SteadyTime now) {
  if (!is_key(key.text)) {
    return {
        {},
        Error{ErrorCode::invalid,
              "Idempotency-Key must be 1 to " + std::to_string(kKeySizeMax) + " visible characters",
              "/Idempotency-Key"}};
  }
  const std::lock_guard lock(mutex_);
  make_room(now);
  const auto known = places_.find(name_of(key));
  if (known == places_.end()) {
    if (entries_.size() >= kKeysMax) {
      return {{}, Error{ErrorCode::unavailable, "too many calls with a key are on their way"}};
    }
    entries_.push_back({name_of(key), digest, now, std::nullopt});
    places_[name_of(key)] = std::prev(entries_.end());
    return {};
  }
  const Entry& entry = *known->second;
  if (entry.digest != digest) {
    return {{},
            Error{ErrorCode::invalid,
                  "this Idempotency-Key came with another call before; use a new one",
                  "/Idempotency-Key"}};
  }
  if (!entry.reply) {
    return {{},
            Error{ErrorCode::conflict, "the same call with this Idempotency-Key is on its way",
                  "/Idempotency-Key"}};
  }
  Found found;
  found.replay = entry.reply;
  say_replayed(*found.replay);
  return found;
}

void IdempotencyBook::finish(const IdempotencyKey& key, const Reply& reply) {
  const std::lock_guard lock(mutex_);
  const auto known = places_.find(name_of(key));
  if (known == places_.end()) return;
  if (reply.status >= 200 && reply.status < 300) {
    known->second->reply = reply;
  } else {
    forget(known->second);
  }
}

}  // namespace faultline::chaos
