#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// Lets callers through to one Docker host. While the host does not answer, one caller at a
/// time and every `kTrialEvery` tries it; the others are told so at once, so that a silent host
/// costs nobody the time that the others need. Any thread.
class HostGate {
 public:
  HostGate(std::string host, Logger log) : host_(std::move(host)), log_(std::move(log)) {}

  enum class Entry : std::uint8_t { free, trial };
  /// `unavailable`, with what the host last failed with. Before anything is known of the host
  /// it waits a moment for who tries it first.
  [[nodiscard]] Result<Entry> enter(Deadline deadline);
  /// What came of it. Every enter() that let through is followed by one.
  void leave(Entry entry, const Status& outcome);
  /// The same of who did not enter: the watch, which always asks.
  void tell(const Status& outcome);

  static constexpr milliseconds kTrialEvery{2000};
  static constexpr milliseconds kFirstWait{1000};

 private:
  enum class Sight : std::uint8_t { never_asked, answers, away };
  void learn(const Status& outcome);  // With mutex_ held.

  const std::string host_;
  const Logger log_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  Sight sight_ = Sight::never_asked;
  bool trial_running_ = false;
  std::optional<SteadyTime> trial_at_;
  std::string why_ = "it has not answered yet";
};

}  // namespace faultline::chaos
