#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "common/config/options.hpp"
#include "exporter/collectors.hpp"
#include "exporter/config.hpp"
#include "exporter/metrics/page.hpp"
#include "exporter/observe/observer.hpp"
#include "exporter/stream/stream_server.hpp"

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

/// The name of this run: readers start anew when it changes.
std::string make_boot() {
  std::random_device random;
  char text[16];
  std::snprintf(text, sizeof text, "b-%08x", static_cast<unsigned>(random()));
  return text;
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

/// Until a signal that ends us; SIGHUP only reads the web config anew.
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
  const std::string boot = make_boot();

  // From the cluster to the board: each source reads on its own and rings; the
  // observer merges, and tells the sources through the roster whom to ask.
  net::AddressBook book;
  sources::Roster roster{config.sql, config.http};
  poll::Wakeup news;
  exporter::Collectors collectors{config, book, roster, clock, news, boot};
  observe::SnapshotBoard board;
  observe::Observer observer{
      boot,  {config.sql, config.http},       collectors.wiring(), news, roster, board,
      clock, make_logger("exporter.observer")};

  // From the board to people and Prometheus.
  const auto render = [&](const stream::StreamStats& stats, const stream::Collect& collect) {
    const metrics::SelfStats self{std::string{config::program_version()},
                                  "gcc " __VERSION__,
                                  observer.event_counts(),
                                  stats.clients,
                                  stats.dropped_total,
                                  stats.messages_total,
                                  stats.bytes_total,
                                  metrics::read_process_stats()};
    return metrics::render_page(board.latest().get(), self, clock.wall(), collect);
  };
  const auto server = stream::StreamServer::create(stream_options(config, boot), board, render,
                                                   make_logger("exporter.stream"));
  if (!server) return complain(server.error());
  log->info("listening address={} port={} boot={}", config.listen_address, (*server)->port(), boot);

  observer.start();
  collectors.start();
  const int signal = await_end(signals, **server, *log);
  log->info("stopping signal={}", signal);
  collectors.request_stop();
  observer.stop();  // Before the server goes that is told of each publication.
  return 0;
}
