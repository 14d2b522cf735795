#include "chaosd/nethold/holder.hpp"

#include <csignal>
#include <cstdio>
#include <ctime>

#include "chaosd/nethold/inbox.hpp"

namespace faultline::nethold {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

// Only what was written down is read by chaosd, so a failure stays readable for a while.
constexpr milliseconds kFailureStays = 30s;
constexpr milliseconds kLookEvery = 500ms;  // In case the machine slept in between.

milliseconds since_boot() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::duration_cast<milliseconds>(std::chrono::seconds{time.tv_sec} +
                                                  std::chrono::nanoseconds{time.tv_nsec});
}

/// The signal that came, or 0 when none came in time.
int await_signal(milliseconds patience) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) sigaddset(&set, signal);
  const timespec time{patience.count() / 1000, patience.count() % 1000 * 1'000'000};
  const int signal = sigtimedwait(&set, nullptr, &time);
  return signal > 0 ? signal : 0;
}

}  // namespace

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

void Holder::report(bool first) {
  const auto met = held_->met(first);
  if (!met) return say("failed " + met.error().message);
  say("held n=" + std::to_string(++reports_) + " rules=" + std::to_string(held_->parts()) +
      " met=" + std::to_string(*met) + " owned=" + (held_->owned() ? "yes" : "no") +
      (held_->laid().empty() ? "" : " laid=" + held_->laid()) +
      (held_->note().empty() ? "" : " note=" + held_->note()));
}

void Holder::replace() {
  auto rules = read_rules(inbox_);
  const Status replaced = rules ? held_->replace(std::move(rules).value()) : rules.error();
  if (!replaced) return say("failed " + replaced.error().message);
  report(true);
}

std::string Holder::keep(milliseconds began) {
  Lease lease{began, times_.lease, times_.deadline};
  for (;;) {
    const auto now = since_boot();
    if (lease.deadline_passed(now)) return "its deadline passed";
    if (lease.abandoned(now)) return "chaosd did not renew the lease";
    const int signal = await_signal(std::min(lease.left(now) + 1ms, kLookEvery));
    if (signal == SIGTERM || signal == SIGINT) return "on request";
    if (signal == SIGUSR1) {
      lease.renew(since_boot());
      report(false);
    }
    if (signal == SIGUSR2) {
      lease.renew(since_boot());
      replace();
    }
  }
}

int Holder::take_away(const std::string& why) {
  for (;;) {
    const auto removed = held_->remove();
    if (removed) {
      say("removed " + why);
      return 0;
    }
    say("failed " + removed.error().message);
    (void)await_signal(kLookEvery);
  }
}

int Holder::run() {
  const auto began = since_boot();  // What it takes to lay it down is part of its time.
  if (const auto installed = held_->install(); !installed) {
    (void)held_->remove();
    say("failed " + installed.error().message);
    int signal = SIGUSR1;
    while (signal == SIGUSR1 || signal == SIGUSR2) {
      signal = await_signal(std::min(kFailureStays, times_.deadline));
    }
    (void)take_away("after a failure");
    return 1;
  }
  report(true);
  return take_away(keep(began));
}

}  // namespace faultline::nethold
