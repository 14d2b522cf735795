#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "common/config/options.hpp"
#include "exporter/config.hpp"
#include "exporter/metrics/page.hpp"
#include "exporter/stream/stream_server.hpp"
#include "exporter/targets.hpp"

using namespace faultline;

namespace {

/// Blocked before any thread exists, so that all inherit it and main awaits them.
sigset_t block_termination_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

stream::StreamOptions stream_options(const exporter::Config& config, const std::string& boot) {
  stream::StreamOptions options;
  options.listen_address = config.listen_address;
  options.telemetry_path = config.telemetry_path;
  options.allowed_origins = config.allowed_origins;
  options.web_config_file = config.web_config_file;
  options.enable_lifecycle = config.enable_lifecycle;
  options.server = "faultline-exporter " + std::string{config::program_version()};
  options.boot = boot;
  return options;
}

/// Until a signal that ends us; SIGHUP only reads web config and targets file anew.
int await_end(const sigset_t& signals, stream::StreamServer& server, spdlog::logger& log) {
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) return signal;
    if (const auto status = server.reload(); !status) {
      log.error("reload failed error='{}'", status.error().message);
    } else {
      log.info("reloaded");
    }
  }
}

int complain(const Error& error) {
  std::fprintf(stderr, "faultline-exporter: %s\n", error.message.c_str());
  return error.code == ErrorCode::invalid ? 2 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  // The name of a stopped container is asked of a server that may take long to say no.
  ::setenv("RES_OPTIONS", "timeout:1 attempts:1", 0);
  const auto signals = block_termination_signals();
  exporter::Config config;
  if (const auto code = exporter::parse_config(argc, argv, config)) return *code;
  if (const auto status = configure_logging(config.log); !status) return complain(status.error());
  const auto log = make_logger("exporter");
  const SystemClock clock;

  // From the clusters to their boards.
  net::AddressBook book;
  const exporter::Shared shared{book, clock, config.collect};
  exporter::WatchedCluster main_cluster{"", config.main, shared};
  exporter::Targets targets{config.targets_file, shared, make_logger("exporter.targets")};

  // From the boards to people and Prometheus.
  const auto render = [&](const stream::StreamStats& stats, const stream::Collect& collect) {
    const metrics::SelfStats self{std::string{config::program_version()},
                                  "gcc " __VERSION__,
                                  main_cluster.event_counts(),
                                  stats.clients,
                                  stats.dropped_total,
                                  stats.messages_total,
                                  stats.bytes_total,
                                  metrics::read_process_stats()};
    if (!config.watch_main) return metrics::render_exporter(self);
    return metrics::render_page(main_cluster.board().latest().get(), self, clock.wall(), collect);
  };
  const stream::Clusters clusters{
      .main = config.watch_main,
      .over_tls = [&](const std::string& address) { return main_cluster.over_tls(address); },
      .leaseholders =
          config.watch_main
              ? [&](const std::string& table) { return main_cluster.leaseholders(table); }
              : stream::Clusters::AskLeaseholders{},
      .targets = [&] { return targets.pages(); },
      .read_targets = [&] { return targets.read(); }};
  const auto server = stream::StreamServer::create(stream_options(config, main_cluster.boot()),
                                                   main_cluster.board(), render,
                                                   make_logger("exporter.stream"), clusters);
  if (!server) return complain(server.error());
  log->info("listening address={} port={} boot={} targets={}", config.listen_address,
            (*server)->port(), main_cluster.boot(), config.targets.size());

  if (config.watch_main) main_cluster.start();
  targets.set(config.targets);
  const int signal = await_end(signals, **server, *log);
  log->info("stopping signal={}", signal);
  targets.stop();
  main_cluster.stop();  // Before the server goes that is told of each publication.
  return 0;
}
