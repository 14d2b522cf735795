#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>

#include "chaosd/http/experiment_request.hpp"
#include "chaosd/service/chaos_service.hpp"
#include "chaosd/service/container_watch.hpp"
#include "chaosd/service/experiment_service.hpp"
#include "chaosd/service/fault_worker.hpp"
#include "chaosd/service/guard.hpp"
#include "chaosd/service/plan_desk.hpp"
#include "chaosd/service/reconcile.hpp"
#include "tests/unit/chaosd/fake_world.hpp"
#include "tests/unit/chaosd/temporary_folder.hpp"

namespace faultline::chaos {

inline Logger silent_logger() {
  return std::make_shared<spdlog::logger>("silent",
                                          std::make_shared<spdlog::sinks::null_sink_mt>());
}

/// A request for a fault of any kind, with the parameters that it must have.
inline FaultRequest request_for(FaultKind kind, const std::string& target,
                                std::int64_t duration_s = 60) {
  FaultRequest request{kind, target, std::nullopt, duration_s, std::nullopt};
  const auto shape = fault_of(kind).shape();
  for (const auto& number : shape.numbers) {
    // In the middle of what is usual; the least of a CPU or of a loss would do as well.
    if (number.required) request.params.numbers[std::string{number.name}] = number.least + 29;
  }
  if (shape.needs_a_number) {
    const auto& first = shape.numbers.front();
    request.params.numbers[std::string{first.name}] = first.least + 29;
  }
  if (shape.peers == FaultShape::Peers::required) {
    request.params.peers.emplace_back(std::string{target == "n3" ? "n1" : "n3"});
  }
  return request;
}

/// chaosd without threads and without HTTP, over a fake world: one life of it, from
/// its journal to its end. Destroying it is a kill: nothing is healed on the way out.
class ChaosdLife {
 public:
  ChaosdLife(const std::string& folder, FakeWorld& world, FakeChaosClock& clock,
             const std::string& run)
      : clock_(clock),
        runtime_(world),
        feed(run, {}),
        ledger_(start(folder)),
        lever(folder, clock),
        book(ExperimentBook::open(folder, read_experiment, clock.now().wall).value(), clock, feed,
             silent_logger()) {
    watch.step();
  }

  /// Lets the worker do all that is due now.
  void work() {
    while (worker.step()) {
    }
  }
  /// Moves the time in small steps, with the watch and the worker running.
  void pass(milliseconds time) {
    for (milliseconds step{100}; time > milliseconds{0}; time -= step) {
      clock_.advance(std::min(step, time));
      watch.step();
      work();
    }
  }
  /// n1 to n3 are the nodes 1 to 3 of a cluster.
  void meet_nodes() {
    board.put_nodes(
        std::vector<NodeAddress>{
            {NodeId{1}, "n1:26257"}, {NodeId{2}, "n2:26257"}, {NodeId{3}, "n3:26257"}},
        clock_.now().wall);
  }
  FaultView inject(FaultKind kind, const std::string& target, std::int64_t duration_s = 60) {
    return inject(request_for(kind, target, duration_s));
  }
  FaultView inject(const FaultRequest& request) {
    const auto fault = service.inject(request);
    EXPECT_TRUE(fault) << (fault ? "" : fault.error().message);
    return fault ? *fault : FaultView{};
  }
  [[nodiscard]] FaultView fault(const FaultId& id) const {
    const auto found = service.fault(id);
    EXPECT_TRUE(found);
    return found ? *found : FaultView{};
  }

 private:
  Ledger& start(const std::string& folder) {
    // Few, for a test that dies a thousand times reads them as often.
    auto opened = Journal::open(folder, 20);
    if (!opened) throw std::runtime_error(opened.error().message);
    contents = opened->contents;
    own_ledger_ =
        std::make_unique<Ledger>(std::move(opened->journal), clock_, feed, silent_logger());
    own_ledger_->adopt(reconcile(std::move(opened->contents.records), clock_.now()));
    return *own_ledger_;
  }

  FakeChaosClock& clock_;
  FakeRuntime runtime_;
  std::unique_ptr<Ledger> own_ledger_;

 public:
  JournalContents contents;  ///< What the journal held at the start.
  EventFeed feed;

 private:
  Ledger& ledger_;

 public:
  TargetBoard board{RuntimeKind::docker, feed};
  ContainerWatch watch{runtime_, board, ledger_, clock_};
  FaultWorker worker{Lane::any, runtime_, ledger_, feed, clock_, silent_logger()};
  FaultWorker healer{Lane::undo_only, runtime_, ledger_, feed, clock_, silent_logger()};
  Lever lever;
  ChaosService service{feed.boot(), {}, ledger_, board, clock_, &lever};
  Guard guard{GuardMode::off, service, board, ledger_, nullptr, clock_};
  PlanDesk desk{clock_, silent_logger()};
  ExperimentBook book;
  ExperimentService experiments{book, service, guard, ledger_, {}};
  [[nodiscard]] Ledger& ledger() { return ledger_; }
};

/// The usual setting: three running targets, and one life after another.
class ChaosdTest : public ::testing::Test {
 protected:
  ChaosdTest() {
    for (const char* name : {"n1", "n2", "n3"}) world.add(name);
    begin();
  }
  /// Ends the life there is as SIGKILL would, and begins the next over the same journal.
  ChaosdLife& begin() {
    life.reset();
    life =
        std::make_unique<ChaosdLife>(folder.path(), world, clock, "run" + std::to_string(++lives));
    return *life;
  }
  /// Whether chaosd died at this fault point while a fault of ten seconds on n2 came and went.
  bool dies_at(const std::string& point, FaultKind kind) {
    crash_at() = point;
    try {
      life->inject(kind, "n2", 10);
      life->pass(std::chrono::seconds{12});
    } catch (const Crash&) {
      return true;
    }
    return false;
  }

  TemporaryFolder folder;
  FakeWorld world;
  FakeChaosClock clock;
  int lives = 0;
  std::unique_ptr<ChaosdLife> life;
};

}  // namespace faultline::chaos
