#include <cstdlib>
#include <random>

#include <gmock/gmock.h>

#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

constexpr int kSteps = 10'000;
constexpr int kHealEvery = 100;  ///< Then the world must be as it was.

/// Random faults, undos, heals, deaths of chaosd, losses of its journal, absences of the runtime
/// and other hands on the targets, against what must hold after each step. The seed is printed;
/// FAULTLINE_SEED repeats a run.
class RandomLife : public ChaosdTest {
 protected:
  RandomLife() : seed_(chosen_seed()), random_(seed_) {
    RecordProperty("seed", std::to_string(seed_));
  }

  static unsigned chosen_seed() {
    const char* given = std::getenv("FAULTLINE_SEED");
    return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 20'261'125U;
  }
  int below(int limit) { return std::uniform_int_distribution<int>{0, limit - 1}(random_); }
  std::string any_target() { return "n" + std::to_string(1 + below(3)); }

  void step() {
    switch (below(10)) {
      case 0:
      case 1:
      case 2: inject(); break;
      case 3: undo(); break;
      case 4: arm_crash(); break;
      case 5: another_hand(); break;
      case 6: fail_a_verb(); break;
      case 7: lose_the_journal(); break;
      default: break;
    }
    survive([&] { life->pass(milliseconds{100 * below(40)}); });
    if (below(4) == 0) survive([&] { life->healer.sweep(); });
    check();
  }

  void inject() {
    const Fault& fault = *fault_catalogue()[static_cast<std::size_t>(below(11))];
    auto request = request_for(fault.kind(), any_target(), 1 + below(20));
    if (fault.shape().takes_on_restart) {
      request.params.on_restart = std::string{to_string(static_cast<OnRestart>(below(3)))};
    }
    survive([&] { (void)life->service.inject(request); });  // Refused as often as not.
  }
  void undo() {
    survive([&] {
      if (below(4) == 0) {
        life->service.heal("at random");
        return;
      }
      const auto open = life->service.faults(true);
      if (open.empty()) return;
      (void)life->service.undo(
          open[static_cast<std::size_t>(below(static_cast<int>(open.size())))].id);
    });
  }
  void arm_crash() {
    static const std::vector<std::string> kStates{"queued",    "injecting", "mark",    "active",
                                                  "reverting", "unmark",    "reverted"};
    if (below(2) == 0) {
      world.calls_until_crash = below(12);
      world.crash_after_effect = below(2) == 0;
    } else {
      crash_at() =
          (below(2) == 0 ? "before:" : "after:") + kStates[static_cast<std::size_t>(below(7))];
    }
  }
  /// What is done to a target is undone by the same hand at the next heal_all().
  void another_hand() {
    const auto name = any_target();
    if (below(2) == 0) {
      world.start(name);
    } else {
      world.at(name).state = ContainerState::exited;
    }
  }
  void fail_a_verb() {
    static const std::vector<std::string> kVerbs{
        "stop",    "kill",  "pause",   "unpause",    "start",    "inspect",  "hold",
        "release", "renew", "set_cpu", "set_memory", "put_mark", "take_mark"};
    world.errors.clear();
    world.late_errors.clear();
    world.ignored.clear();
    const auto& verb = kVerbs[static_cast<std::size_t>(below(static_cast<int>(kVerbs.size())))];
    switch (below(4)) {
      case 0: world.errors[verb] = {ErrorCode::timeout, "no answer"}; break;
      case 1: world.late_errors[verb] = {ErrorCode::timeout, "no answer"}; break;
      case 2: world.ignored.insert(verb); break;
      default: break;
    }
  }

  /// With what is open now all marked or held, the world tells what the journal told. Not so
  /// before an effect is proven, which no mark covers.
  void lose_the_journal() {
    const auto open = life->ledger().records_since(WallTime::max());
    const bool all_told = std::all_of(open.begin(), open.end(), [&](const FaultRecord& record) {
      const auto& id = record.view.id.value;
      return record.view.state == FaultState::queued || world.marks.contains(id) ||
             world.holds.contains(id);
    });
    if (!all_told) return;
    losses_ += 1;
    whole_ = false;
    no_more_crashes();
    life.reset();
    std::filesystem::remove(folder.path() + "/journal.jsonl");
    begin();
    life->healer.sweep();
  }

  template <class Act>
  void survive(Act act) {
    try {
      act();
    } catch (const Crash&) {
      deaths_ += 1;
      no_more_crashes();
      clock.advance(milliseconds{below(10'000)});
      begin();
    }
  }
  void no_more_crashes() {
    world.calls_until_crash = -1;
    crash_at().clear();
  }

  void check() {
    const auto open = life->ledger().records_since(WallTime::max());
    for (auto one = open.begin(); one != open.end(); ++one) {
      for (auto other = open.begin(); other != one; ++other) {
        ASSERT_TRUE(overlap(*other, *one)) << "open together";
      }
    }
    for (const auto& [fault, hold] : world.holds) {
      if (!whole_) break;
      const auto known = life->ledger().find({fault});
      ASSERT_TRUE(known) << "held for a fault that nobody knows: " << fault;
    }
  }

  /// The runtime is well again, other hands mend what they broke, and everything is healed.
  void heal_all() {
    no_more_crashes();
    world.errors.clear();
    world.late_errors.clear();
    world.ignored.clear();
    life->service.heal("the end");
    life->healer.sweep();
    life->pass(30s);
    life->healer.sweep();
    whole_ = true;
    for (const char* name : {"n1", "n2", "n3"}) {
      if (world.at(name).state == ContainerState::exited) world.start(name);
    }
    life->pass(1s);
    ASSERT_EQ(life->ledger().open_count(), 0U);
    ASSERT_THAT(world.holds, IsEmpty());
    ASSERT_EQ(world.fingerprint(), before_);
  }

  const std::map<std::string, std::string> before_ = world.fingerprint();
  unsigned seed_;
  std::mt19937 random_;
  int deaths_ = 0;
  int losses_ = 0;
  bool whole_ = true;  ///< The journal knows of everything.
};

TEST_F(RandomLife, EndsAsItBeganWhateverHappens) {
  for (int i = 1; i <= kSteps; ++i) {
    SCOPED_TRACE("FAULTLINE_SEED=" + std::to_string(seed_) + " step " + std::to_string(i));
    step();
    if (HasFatalFailure()) return;
    if (i % kHealEvery != 0) continue;
    heal_all();
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(deaths_, kSteps / 50) << "it must die often to mean anything";
  EXPECT_GT(losses_, kSteps / 50) << "and lose its journal as often";
}

}  // namespace
}  // namespace faultline::chaos
