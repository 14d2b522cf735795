#include "chaosd/nethold/holder.hpp"

#include <csignal>
#include <cstdio>
#include <ctime>

#include "chaosd/nethold/witness.hpp"

namespace faultline::nethold {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

// Only what was written down is read by chaosd, so a failure stays readable for a while.
constexpr milliseconds kFailureStays = 30s;
constexpr milliseconds kLookEvery = 500ms;  // In case the machine slept in between.
constexpr milliseconds kAnswerTakes = 150ms;

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
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&set, signal);
  const timespec time{patience.count() / 1000, patience.count() % 1000 * 1'000'000};
  const int signal = sigtimedwait(&set, nullptr, &time);
  return signal > 0 ? signal : 0;
}

bool is_shaped(const chaos::NetRules& rules) {
  return rules.effect == chaos::NetEffect::rate || rules.effect == chaos::NetEffect::delay;
}

}  // namespace

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

Result<Holder> Holder::create(const HoldOrder& order) {
  const auto marks = marks_of(order.fault_id);
  if (!marks) return marks.error();
  auto table = NftTable::create(*marks);
  if (!table) return table.error();
  if (!is_shaped(order.rules)) return Holder{order, std::move(table).value(), std::nullopt};
  auto shaper = Shaper::create(*marks, Shaper::Devices::all_but_loopback);
  if (!shaper) return shaper.error();
  return Holder{order, std::move(table).value(), std::move(shaper).value()};
}

Status Holder::install() {
  // The queue first: a packet that is given the priority of no class is not slowed down.
  if (shaper_) {
    if (auto shaped = shaper_->install(order_.rules); !shaped) return shaped;
  }
  return table_.install(order_.rules);
}

Result<std::int64_t> Holder::met() {
  auto packets = table_.packets();
  if (packets && shaper_) return shaper_->packets();
  return packets;
}

void Holder::report(milliseconds patience) {
  const Witnesses witnesses{order_.rules.witnesses, static_cast<int>(order_.rules.ports.front())};
  auto packets = met();
  const auto until = since_boot() + patience;
  while (packets && *packets == 0 && since_boot() < until) {
    const timespec step{0, 5'000'000};
    nanosleep(&step, nullptr);
    packets = met();
  }
  if (!packets) return say("failed " + packets.error().message);
  say("held n=" + std::to_string(++reports_) +
      " rules=" + std::to_string(rules_count(order_.rules)) + " met=" + std::to_string(*packets) +
      " owned=" + (table_.owned() ? "yes" : "no"));
}

std::string Holder::keep() {
  Lease lease{since_boot(), order_.lease, order_.deadline};
  for (;;) {
    const auto now = since_boot();
    if (lease.deadline_passed(now)) return "its deadline passed";
    if (lease.abandoned(now)) return "chaosd did not renew the lease";
    const int signal = await_signal(std::min(lease.left(now) + 1ms, kLookEvery));
    if (signal == SIGTERM || signal == SIGINT) return "on request";
    if (signal == SIGUSR1) {
      lease.renew(since_boot());
      report(0ms);
    }
  }
}

int Holder::take_away(const std::string& why) {
  for (;;) {
    auto removed = table_.remove();
    if (removed && shaper_) removed = shaper_->remove();
    if (removed) {
      say("removed " + why);
      return 0;
    }
    say("failed " + removed.error().message);
    (void)await_signal(kLookEvery);
  }
}

int Holder::run() {
  if (const auto installed = install(); !installed) {
    (void)table_.remove();
    say("failed " + installed.error().message);
    int signal = SIGUSR1;
    while (signal == SIGUSR1) signal = await_signal(std::min(kFailureStays, order_.deadline));
    (void)take_away("after a failure");
    return 1;
  }
  report(order_.rules.direction == chaos::NetDirection::in ? kAnswerTakes : 0ms);
  return take_away(keep());
}

Status clean(const std::string& fault_id) {
  const auto marks = marks_of(fault_id);
  if (!marks) return marks.error();
  auto table = NftTable::create(*marks);
  if (!table) return table.error();
  if (auto removed = table->remove(); !removed) return removed;
  auto shaper = Shaper::create(*marks, Shaper::Devices::all_but_loopback);
  if (!shaper) return shaper.error();
  return shaper->remove();
}

void probe() {
  const auto marks = marks_of("probe");
  const auto answer = [](const std::string& what, const Status& tried) {
    say("probe " + what + (tried ? " yes" : " no " + tried.error().message));
  };
  chaos::NetRules rules;
  rules.effect = chaos::NetEffect::loss;
  rules.percent = 1;
  rules.ports = {26257};
  auto table = NftTable::create(*marks);
  Status tried = table ? table->install(rules) : Status{table.error()};
  answer("nft", tried);
  if (tried) {
    answer("owner", table->owned() ? Status{kDone}
                                   : Error{ErrorCode::unsupported,
                                           "this kernel does not tie a table to its owner"});
    (void)table->remove();
  }
  auto shaper = Shaper::create(*marks, Shaper::Devices::loopback);
  for (const auto effect : {chaos::NetEffect::rate, chaos::NetEffect::delay}) {
    rules.effect = effect;
    rules.rate_kbit = 1000;
    rules.delay = 1ms;
    tried = shaper ? shaper->install(rules) : Status{shaper.error()};
    answer(effect == chaos::NetEffect::rate ? "rate" : "delay", tried);
    if (shaper) (void)shaper->remove();
  }
}

}  // namespace faultline::nethold
