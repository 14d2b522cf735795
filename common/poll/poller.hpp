#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/poll/cadence.hpp"
#include "common/poll/source.hpp"
#include "common/poll/wakeup.hpp"

namespace faultline::poll {

/// What an observer may do to a poller without knowing what it reads. Any thread.
class Pace {
 public:
  virtual ~Pace() = default;
  /// Fast while something happens; reads at once when that begins.
  virtual void set_fast(bool fast) = 0;
  /// Reads now instead of at the end of the pause.
  virtual void hurry() = 0;
};

/// Reads one source again and again, so that a hung database cannot stop us from
/// noticing a stopped container. `step` is the whole logic and is what tests call;
/// the thread only paces it, so that a read never starts while one is running.
template <class Part>
class Poller final : public Pace {
 public:
  using OnReading = std::function<void()>;

  /// All references outlive this. `on_reading` is called after each read, on the
  /// reading thread; it must only hand over.
  Poller(std::string name, Source<Part>& source, const Clock& clock, Cadence cadence,
         OnReading on_reading, Logger log)
      : name_(std::move(name)),
        source_(source),
        clock_(clock),
        cadence_(cadence),
        on_reading_(std::move(on_reading)),
        log_(std::move(log)),
        random_(std::hash<std::string>{}(name_)) {}

  /// Begins to read on a thread of its own; at most once.
  void start() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) bell_.wait(stop, step());
    });
  }
  /// Asks the thread to end; it does after the read in hand.
  void request_stop() { thread_.request_stop(); }

  /// One read. Returns when the next one is due.
  SteadyTime step() {
    const auto started = clock_.steady();
    auto result = source_.read(started + cadence_.budget);  // Blocking: no lock held.
    const auto ended = clock_.steady();
    const bool ok = result.has_value();
    remember(std::move(result), std::chrono::duration<double, std::milli>(ended - started).count());
    if (on_reading_) on_reading_();
    const double jitter = std::uniform_real_distribution<double>{-1.0, 1.0}(random_);
    const auto pause =
        std::max(pause_after(cadence_, fast_.load(), failures_, jitter), source_.pause_least());
    // A good read keeps its rhythm; a failed one may have taken all of its budget,
    // and the pause is meant for the peer.
    return ok ? std::max(started + pause, ended + kBreath) : ended + pause;
  }

  [[nodiscard]] Reading<Part> latest() const {
    const std::lock_guard lock(mutex_);
    return reading_;
  }

  void set_fast(bool fast) override {
    if (fast_.exchange(fast) != fast && fast) bell_.ring();
  }
  void hurry() override { bell_.ring(); }

 private:
  static constexpr milliseconds kBreath{10};  ///< Between two reads at the very least.

  void remember(Result<Part> result, double took_ms) {
    const bool ok = result.has_value();
    const auto now = clock_.wall();
    // A source that is down for an hour is two lines, and one more for each other kind of reason.
    const auto reason = ok ? 0U : 1U << static_cast<unsigned>(result.error().code);
    if ((reasons_told_ & reason) != reason) {
      log_->warn("source failed source={} error='{}'", name_, result.error().message);
      reasons_told_ |= reason;
    } else if (ok && failures_ > 0) {
      log_->info("source answers again source={} failures={}", name_, failures_);
    }
    failures_ = ok ? 0 : failures_ + 1;
    if (ok) reasons_told_ = 0;
    const std::lock_guard lock(mutex_);
    reading_.reads += 1;
    reading_.health.ok = ok;
    reading_.health.took_ms = took_ms;
    reading_.health.gateway = source_.gateway();
    reading_.health.off = source_.off();
    if (ok) {
      reading_.part = std::make_shared<const Part>(std::move(result).value());
      reading_.health.read_at = now;
      reading_.health.error.clear();
    } else {
      reading_.health.error = result.error().message;  // The last good part stays, with its age.
    }
  }

  const std::string name_;
  Source<Part>& source_;
  const Clock& clock_;
  const Cadence cadence_;
  const OnReading on_reading_;
  const Logger log_;
  std::minstd_rand random_;  // The reading thread's own, as are the next two.
  int failures_ = 0;
  unsigned reasons_told_ = 0;  // A bit for each code in the log since the last good read.
  std::atomic<bool> fast_{false};
  Wakeup bell_;
  mutable std::mutex mutex_;  // Guards reading_.
  Reading<Part> reading_;
  std::jthread thread_;  // Last: stops and joins before the rest goes.
};

}  // namespace faultline::poll
