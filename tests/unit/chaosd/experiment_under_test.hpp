#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/chaosd/chaosd_under_test.hpp"
#include "tests/unit/chaosd/fake_impact.hpp"
#include "tests/unit/chaosd/fake_sight.hpp"

namespace faultline::chaos {

/// Answers every query with what the test wants.
class FakeQueries final : public QuerySource {
 public:
  [[nodiscard]] std::vector<Result<QueryAnswer>> ask(
      const std::vector<std::string>& queries) override {
    asked.insert(asked.end(), queries.begin(), queries.end());
    return {queries.size(), answer};
  }
  Result<QueryAnswer> answer = QueryAnswer{0};
  std::vector<std::string> asked;
};

/// Lives of chaosd with experiments in them: a guard that enforces, and an exporter and a
/// Prometheus that say what the test wants. Time passes in steps of 100 ms.
class ExperimentTest : public ChaosdTest {
 protected:
  ExperimentTest() { meet(); }

  void meet(GuardMode mode = GuardMode::enforce) {
    life->meet_nodes();
    guard =
        std::make_unique<Guard>(mode, life->service, life->board, life->ledger(), &impact, clock);
    const Witnesses witnesses{&sight, &queries};
    service = std::make_unique<ExperimentService>(life->book, life->service, *guard, life->ledger(),
                                                  witnesses);
    runner = std::make_unique<ExperimentRunner>(life->book, life->service, *guard, life->ledger(),
                                                witnesses, clock, silent_logger());
  }
  /// Ends chaosd as SIGKILL would; the next one begins after `away`.
  void restart(milliseconds away = std::chrono::seconds{1}) {
    runner.reset();
    service.reset();
    guard.reset();
    clock.advance(away);
    begin();
    meet();
  }
  void pass(milliseconds time) {
    while (time > milliseconds{0}) {
      const milliseconds step = std::min(time, until_something());
      time -= step;
      clock.advance(step);
      life->watch.step();
      runner->step();
      life->work();
    }
  }
  /// How long nothing at all can happen: there is no need to look at each tenth of a second.
  [[nodiscard]] milliseconds until_something() const {
    constexpr milliseconds kStep{100};
    if (life->ledger().open_count() > 0) return kStep;
    milliseconds left = std::chrono::hours{1};
    for (const auto& experiment : life->book.open_ones()) {
      if (experiment.current() != nullptr || !experiment.next_run_at) return kStep;
      left = std::min(left, *experiment.next_run_at - clock.now().wall);
    }
    return std::max(kStep, left);
  }

  static std::string fault(const std::string& kind, const std::string& target, int seconds) {
    return R"({"kind":")" + kind + R"(","target":")" + target + R"(","duration_s":)" +
           std::to_string(seconds) + "}";
  }
  static std::string step_of(const std::string& faults, int wait_s = 0) {
    return R"({"faults":[)" + faults + R"(],"wait_s":)" + std::to_string(wait_s) + "}";
  }
  /// n1 is killed for 5 s; after 3 s of rest n2 is paused for 4 s.
  static std::string two_steps(const std::string& more = "") {
    return body(step_of(fault("kill", "n1", 5), 3) + "," + step_of(fault("pause", "n2", 4)), more);
  }
  static std::string body(const std::string& steps, const std::string& more = "") {
    return R"({"name":"lose one","steps":[)" + steps + "]" + (more.empty() ? "" : "," + more) + "}";
  }

  Result<ExperimentAdmission> ask(const std::string& text) {
    const auto spec = read_experiment(text);
    EXPECT_TRUE(spec) << (spec ? "" : spec.error().message);
    if (!spec) return spec.error();
    return service->create(*spec, text);
  }
  /// One that is taken; its id.
  std::string create(const std::string& text) {
    const auto admission = ask(text);
    EXPECT_TRUE(admission) << (admission ? "" : admission.error().message);
    EXPECT_TRUE(!admission || admission->experiment) << "it needs acceptance";
    return admission && admission->experiment ? admission->experiment->id : "";
  }
  Experiment get(const std::string& id) {
    const auto found = service->find(id);
    EXPECT_TRUE(found) << id;
    return found ? *found : Experiment{};
  }
  ExperimentState state(const std::string& id) { return get(id).state; }
  ContainerState container(const std::string& name) { return world.at(name).state; }

  FakeImpact impact;
  FakeSight sight;
  FakeQueries queries;
  std::unique_ptr<Guard> guard;
  std::unique_ptr<ExperimentService> service;
  std::unique_ptr<ExperimentRunner> runner;
};

}  // namespace faultline::chaos
