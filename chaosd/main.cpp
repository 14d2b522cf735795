#include <array>
#include <csignal>
#include <cstdio>
#include <random>
#include <thread>

#include "chaosd/config.hpp"
#include "chaosd/http/experiment_request.hpp"
#include "chaosd/http/server.hpp"
#include "chaosd/runtimes.hpp"
#include "chaosd/service/experiment_runner.hpp"
#include "chaosd/service/experiment_service.hpp"
#include "chaosd/service/fault_worker.hpp"
#include "chaosd/service/guard.hpp"
#include "chaosd/service/node_resolver.hpp"
#include "chaosd/service/plan_desk.hpp"
#include "chaosd/service/reconcile.hpp"
#include "chaosd/service/vigil.hpp"

namespace {

using namespace faultline;
using namespace faultline::chaos;
using namespace std::chrono_literals;

constexpr std::size_t kEndedKept = 200;
constexpr auto kHealOnExit = 20s;
// One heals only, so that long drains in the others cannot make a deadline pass.
constexpr std::array kLanes{Lane::undo_only, Lane::any, Lane::any, Lane::any};

/// SIGINT and SIGTERM, blocked before the first thread so that all inherit it.
class Signals {
 public:
  Signals() {
    std::signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  void wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
  }
  [[nodiscard]] bool came_within(milliseconds patience) const {
    const timespec time{patience.count() / 1000, patience.count() % 1000 * 1'000'000};
    return sigtimedwait(&set_, nullptr, &time) > 0;
  }

 private:
  sigset_t set_{};
};

/// Unlike that of any other run: it is in every fault's id and marks the feed's epoch.
std::string name_of_this_run(const Now& now) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%08llx%04x",
                static_cast<unsigned long long>(to_ms(now.wall) / 1000),
                std::random_device{}() & 0xFFFFU);
  return text.data();
}

/// Undoes every fault before leaving. A second signal leaves at once: the journal
/// knows what is open, and the next run undoes it.
void heal_before_leaving(ChaosService& service, const Signals& signals, const Logger& log) {
  log->info("leaving: everything is undone first");
  service.close();
  service.heal("chaosd is leaving");
  const auto until = std::chrono::steady_clock::now() + kHealOnExit;
  while (!service.faults(true).empty() && std::chrono::steady_clock::now() < until) {
    if (signals.came_within(50ms)) break;
  }
  const auto left = service.faults(true).size();
  if (left > 0) log->error("leaving with open faults, the next run undoes them count={}", left);
}

/// One sentence that names the flag: the error's own, or the one that the caller knows.
int complain(const Error& error, std::string flag = {}) {
  if (error.field.starts_with("--")) flag = error.field;
  const bool named = flag.empty() || error.message.find(flag) != std::string::npos;
  const std::string sentence = named ? error.message : flag + ": " + error.message;
  std::fprintf(stderr, "faultline-chaosd: %s\n", sentence.c_str());
  return 2;
}

int check_audit(const std::string& directory) {
  const auto found = Audit::check(directory);
  if (!found) return complain(found.error(), "--state-dir");
  std::printf("%s\n", describe(*found).c_str());
  return found->broken.empty() ? 0 : 1;
}

void tell_of_losses(const JournalContents& contents, const Logger& log) {
  if (contents.unreadable) {
    log->error(
        "the journal cannot be read and is set aside as journal.jsonl.unreadable: faults of an "
        "earlier run are looked for by their marks, and undone");
  }
  if (!contents.unwritten.empty()) {
    log->error(
        "the journal cannot be rewritten and is kept as it is: no fault is begun until it can be "
        "written, and what is open is undone error={}",
        contents.unwritten);
  }
  if (contents.corrupt_lines == 0) return;
  log->error("the journal had unreadable lines{} count={}",
             contents.unwritten.empty() ? ", a copy is kept as journal.jsonl.corrupt" : "",
             contents.corrupt_lines);
}

void tell_of_listening(const ChaosdConfig& config, std::uint16_t port, const std::string& run,
                       const Logger& log) {
  if (!config.access.tokens) {
    log->warn("no --web.token-file: whoever reaches {} may break nodes", config.listen_address);
  }
  log->info("listening address={} port={} runtime={} run={}", config.listen_address, port,
            to_string(config.runtime), run);
}

/// The lever was pulled in an earlier run, which may not have come to its end.
void heal_if_engaged(const Lever& lever, ChaosService& service, const Logger& log) {
  const LeverState state = lever.state();
  if (!state.engaged) return;
  log->warn("the safety lever is engaged: no fault is begun reason={}", state.reason);
  service.heal("the safety lever is engaged");
}

/// All that asks the exporter; nobody does without an address.
struct ExporterParts {
  ExporterParts(const std::string& address, net::HttpClient& client, TargetBoard& board,
                const ChaosClock& clock)
      : resolver(address, client, board, clock),
        impact(address, client, clock),
        sight(address, client, clock),
        leaseholders(address, client, clock),
        oracle(address.empty() ? nullptr : &impact),
        leases(address.empty() ? nullptr : &leaseholders) {}
  NodeResolver resolver;
  ExporterImpact impact;
  ExporterSight sight;
  ExporterLeaseholders leaseholders;
  // Null: there is nobody to ask.
  ImpactOracle* const oracle;
  LeaseholderOracle* const leases;
};

/// What experiments need; asks the exporter and Prometheus, where there are any, by itself.
struct ExperimentParts {
  struct Over {
    ChaosService& service;
    Guard& guard;
    Ledger& ledger;
    EventFeed& feed;
  };
  ExperimentParts(const ChaosdConfig& config, ExperimentBook::Opened kept, net::HttpClient& client,
                  const ChaosClock& clock, Over over)
      : sight(config.exporter_address, client, clock),
        queries(config.prometheus_address, client, clock),
        witnesses{config.exporter_address.empty() ? nullptr : &sight,
                  config.prometheus_address.empty() ? nullptr : &queries},
        book(std::move(kept), clock, over.feed, make_logger("chaosd.experiments")),
        service(book, over.service, over.guard, over.ledger, witnesses),
        runner(book, over.service, over.guard, over.ledger, witnesses, clock,
               make_logger("chaosd.experiments")) {}
  ExporterSight sight;
  PrometheusQueries queries;
  Witnesses witnesses;
  ExperimentBook book;
  ExperimentService service;
  ExperimentRunner runner;
};

/// One worker to a lane, each with a runtime of its own.
struct Workers {
  std::vector<std::unique_ptr<Runtime>> runtimes;
  std::vector<std::unique_ptr<FaultWorker>> workers;
};
struct WorkersOver {
  Ledger& ledger;
  EventFeed& feed;
  Guard& guard;
  const ChaosClock& clock;
};

Result<Workers> make_workers(const Runtimes& made, WorkersOver over) {
  Workers all;
  for (const Lane lane : kLanes) {
    auto runtime = made.make();
    if (!runtime) return runtime.error();
    all.runtimes.push_back(std::move(runtime).value());
    all.workers.push_back(std::make_unique<FaultWorker>(lane, *all.runtimes.back(), over.ledger,
                                                        over.feed, over.clock,
                                                        make_logger("chaosd.worker"), &over.guard));
  }
  return all;
}

int serve(const ChaosdConfig& config, const Signals& signals) {
  const SystemChaosClock clock;
  const Logger log = make_logger("chaosd");
  net::AddressBook book;
  const auto made = Runtimes::create(config, book);
  if (!made) return complain(made.error());
  auto opened = Journal::open(config.state_dir, kEndedKept);
  if (!opened) return complain(opened.error(), "--state-dir");
  const auto audit = Audit::open(config.state_dir, make_logger("chaosd.audit"));
  if (!audit) return complain(audit.error(), "--state-dir");
  tell_of_losses(opened->contents, log);
  auto kept = ExperimentBook::open(config.state_dir, read_experiment, clock.now().wall);
  if (!kept) return complain(kept.error(), "--state-dir");

  const std::string run = name_of_this_run(clock.now());
  EventFeed feed{run, {}};
  Ledger ledger{std::move(opened->journal), clock, feed, make_logger("chaosd.ledger")};
  ledger.adopt(reconcile(made->with_hosts(std::move(opened->contents.records)), clock.now()));
  TargetBoard board{config.runtime, feed, made->hosts()};
  const auto watches = made->make_watches(board, ledger, clock);
  if (!watches) return complain(watches.error());
  net::HttpClient client{book};
  ExporterParts exporter{config.exporter_address, client, board, clock};
  Lever lever{config.state_dir, clock};
  ChaosService service{run, config.limits, ledger, board, clock, &lever};
  heal_if_engaged(lever, service, log);
  Guard guard{config.guard, service, board, ledger, exporter.oracle, clock, exporter.leases};
  PlanDesk desk{clock, make_logger("chaosd.plan")};
  Vigil vigil{config.guard,   ledger, board, exporter.impact,
              exporter.sight, feed,   clock, make_logger("chaosd.vigil")};
  ExperimentParts experiments{
      config, std::move(kept).value(), client, clock, {service, guard, ledger, feed}};
  const Api api{
      {service, feed, **audit, clock, make_logger("chaosd.http"), guard, desk, experiments.service,
       opened->contents.corrupt_lines + (opened->contents.unreadable ? 1 : 0)},
      config.access};

  const auto doing = make_workers(*made, {ledger, feed, guard, clock});
  if (!doing) return complain(doing.error());

  // Threads from here on; joined bottom up, before what they use goes.
  std::vector<std::jthread> threads;
  const auto run_beside = [&threads](auto& part) {
    threads.emplace_back([&part](const std::stop_token& stop) { part.run(stop); });
  };
  for (const auto& worker : doing->workers) run_beside(*worker);
  run_beside(feed);
  for (const auto& watch : watches->watches) run_beside(*watch);
  run_beside(desk);
  run_beside(experiments.runner);
  if (!config.exporter_address.empty()) {
    run_beside(exporter.resolver);
    run_beside(vigil);
  }
  const auto server = HttpServer::start({config.listen_address}, api, make_logger("chaosd.http"));
  if (!server) return complain(server.error());
  tell_of_listening(config, (*server)->port(), run, log);

  signals.wait();
  heal_before_leaving(service, signals, log);
  feed.close();
  (*server)->stop(2s);
  for (auto& thread : threads) thread.request_stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const Signals signals;
  const auto config = read_config(argc, argv);
  if (const int* code = std::get_if<int>(&config)) return *code;
  const auto& chosen = std::get<ChaosdConfig>(config);
  if (const auto logging = configure_logging(chosen.log); !logging)
    return complain(logging.error());
  return chosen.check_audit ? check_audit(chosen.state_dir) : serve(chosen, signals);
}
