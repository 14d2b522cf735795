#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "chaosd/http/request.hpp"
#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// A key as its caller sent it, among those of callers who may do the same.
struct IdempotencyKey {
  std::string role;
  std::string text;
};
[[nodiscard]] std::string name_of(const IdempotencyKey& key);

/// Tells the caller that nothing was done again.
void say_replayed(Reply& reply);

/// Remembers what was answered to a call that carried an Idempotency-Key, so that one that
/// is sent again is answered again and not done again. Only what was accepted (2xx) is
/// remembered: a call that was refused changed nothing and may be tried again. In memory: after a
/// restart of chaosd the open fault itself refuses a second one, and an experiment has its key
/// with it. Any thread.
class IdempotencyBook {
 public:
  struct Found {
    std::optional<Reply> replay;  ///< Answer with this.
    std::optional<Error> refusal;
    // Neither: do it, and call finish().
  };

  /// `digest` stands for the whole call: the same key with another one is refused.
  [[nodiscard]] Found begin(const IdempotencyKey& key, const std::string& digest, SteadyTime now);
  /// The reply to a call that begin() let through.
  void finish(const IdempotencyKey& key, const Reply& reply);

  static constexpr std::size_t kKeysMax = 1000;
  static constexpr std::size_t kKeySizeMax = 128;
  static constexpr std::chrono::hours kKeptFor{24};

 private:
  struct Entry {
    std::string key;
    std::string digest;
    SteadyTime at;
    std::optional<Reply> reply;  ///< Empty: on its way.
  };
  using Place = std::list<Entry>::iterator;

  void forget(Place place);
  void make_room(SteadyTime now);

  std::mutex mutex_;          // Guards what follows.
  std::list<Entry> entries_;  ///< Oldest first.
  std::unordered_map<std::string, Place> places_;
};

}  // namespace faultline::chaos
