// crdbsim: a simulated CockroachDB node, one process each.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.hpp"
#include "simulator/client/sql_shell.hpp"
#include "simulator/cluster/report.hpp"
#include "simulator/fleet/fleet.hpp"
#include "simulator/host/control.hpp"
#include "simulator/host/disks.hpp"
#include "simulator/host/node_commands.hpp"
#include "simulator/host/options.hpp"
#include "simulator/host/peer_net.hpp"
#include "simulator/http/server.hpp"
#include "simulator/pgwire/server.hpp"
#include "simulator/pgwire/tls.hpp"
#include "simulator/tables/catalog.hpp"

namespace {

using namespace faultline;
using namespace faultline::sim;
namespace asio = boost::asio;

int fail(const Error& error, int code) {
  std::fprintf(stderr, "ERROR: %s%s%s\n", error.field.c_str(), error.field.empty() ? "" : ": ",
               error.message.c_str());
  return code;
}

cluster::NodeConfig config_of(const host::StartOptions& options) {
  cluster::NodeConfig config;
  config.address = options.advertise_address;
  config.sql_address = options.advertise_sql_address;
  config.http_address = options.advertise_http_address;
  config.locality = options.locality;
  config.join = options.join;
  config.time_scale = options.time_scale;
  config.profile = cluster::find_profile(options.profile);
  config.secure = !options.certs_dir.empty();
  config.seed = std::random_device{}();
  return config;
}

pgwire::ServerHooks hooks_of(cluster::Engine& engine, host::PeerNet& peers,
                             const std::shared_ptr<const pgwire::TlsContext>& tls) {
  pgwire::ServerHooks hooks;
  hooks.tls = tls;
  hooks.login_timeout = std::chrono::nanoseconds(
      engine.with([](cluster::Node& node) { return node.timing().of(10); }));
  hooks.accepts_logins = [&engine] {
    return engine.with([](cluster::Node& node) {
      return node.phase() == cluster::Phase::serving || node.phase() == cluster::Phase::draining;
    });
  };
  hooks.draining = [&engine] {
    return engine.with(
        [](cluster::Node& node) { return node.phase() == cluster::Phase::draining; });
  };
  hooks.other_protocol = [&peers](int descriptor) {
    char first = 0;
    if (::recv(descriptor, &first, 1, MSG_PEEK) != 1 || first != host::kPeerMagic.front()) {
      return false;
    }
    peers.adopt(descriptor);
    return true;
  };
  return hooks;
}

/// SIGTERM drains: ready says 503 at once, the leases go to others, and the process ends
/// when it holds none, about 2 s later. A second signal, or no quorum to drain into, ends
/// it all the same.
class Shutdown {
 public:
  Shutdown(asio::io_context& io, cluster::Engine& engine, double time_scale)
      : io_(io), engine_(engine), timing_(time_scale), signals_(io, SIGINT, SIGTERM), timer_(io) {
    await();
  }

 private:
  void await() {
    signals_.async_wait([this](const boost::system::error_code& failed, int /*signal*/) {
      if (failed) return;
      if (asked_) return io_.stop();
      asked_ = true;
      started_ = std::chrono::steady_clock::now();
      engine_.with([](cluster::Node& node) { node.start_draining(cluster::wall_now()); });
      await();
      look();
    });
  }
  void look() {
    const auto waited = std::chrono::steady_clock::now() - started_;
    const auto held = engine_.with([](cluster::Node& node) {
      const bool serving = node.phase() == cluster::Phase::draining && node.live_now();
      return serving ? node.allocator().leases_held() : 0;
    });
    const auto at_least = std::chrono::nanoseconds(timing_.of(2.0));
    const auto at_most = std::chrono::nanoseconds(timing_.of(15.0));
    if ((held == 0 && waited >= at_least) || waited >= at_most) return io_.stop();
    timer_.expires_after(std::chrono::milliseconds(20));
    timer_.async_wait([this](const boost::system::error_code& failed) {
      if (!failed) look();
    });
  }

  asio::io_context& io_;
  cluster::Engine& engine_;
  cluster::Timing timing_;
  asio::signal_set signals_;
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point started_;
  bool asked_ = false;
};

void announce(const host::StartOptions& options) {
  std::printf(
      "CockroachDB node starting (simulated by Faultline: crdbsim, no data is safe here)\n"
      "build:               %s\nsql:                 "
      "postgresql://root@%s/defaultdb?sslmode=%s\n"
      "webui:               %s://%s\n",
      cluster::find_profile(options.profile)->version_text().c_str(),
      options.advertise_sql_address.c_str(), options.certs_dir.empty() ? "disable" : "verify-full",
      options.certs_dir.empty() ? "http" : "https", options.advertise_http_address.c_str());
  for (std::size_t at = 0; at < options.stores.size(); ++at) {
    const std::string& path = options.stores[at].path;
    std::printf("store[%zu]:            %s%s\n", at,
                path.empty() ? "type=mem" : "path=", path.c_str());
  }
  std::fflush(stdout);
  if (!options.pid_file.empty()) std::ofstream(options.pid_file) << ::getpid() << '\n';
}

int start(const host::StartOptions& options) {
  std::shared_ptr<const pgwire::TlsContext> tls;
  if (!options.certs_dir.empty()) {
    auto made = pgwire::TlsContext::create(options.certs_dir);
    if (!made) return fail(made.error(), 1);
    tls = std::move(*made);
  }
  auto stores = host::open_disks(options.stores);
  if (!stores) return fail(stores.error(), 1);
  cluster::Node node(config_of(options), std::move(stores->disks), cluster::wall_now());
  asio::io_context io(1);
  host::PeerNet* wakes = nullptr;  // Two objects that need each other; set below, before threads.
  cluster::Engine engine(node, [&wakes] { wakes->wake(); });
  host::PeerNet peers(
      io, engine,
      [&engine](const std::string& request) { return host::answer_control(engine, request); },
      make_logger("crdbsim.peers"));
  wakes = &peers;
  tables::ClusterCatalog catalog(engine);
  Shutdown shutdown(io, engine, options.time_scale);

  auto http = http::Server::create(
      io, options.http.host, options.http.port,
      [&engine](std::string_view target) { return http::page(engine, target); }, options.certs_dir);
  if (!http) return fail(http.error(), 1);
  auto listener = pgwire::Server::create({options.listen.host, options.listen.port}, catalog,
                                         hooks_of(engine, peers, tls));
  if (!listener) return fail(listener.error(), 1);
  std::unique_ptr<pgwire::Server> sql_only;
  if (options.sql_separate) {
    auto server = pgwire::Server::create({options.sql.host, options.sql.port}, catalog,
                                         hooks_of(engine, peers, tls));
    if (!server) return fail(server.error(), 1);
    sql_only = std::move(*server);
  }
  announce(options);
  peers.start(options.time_scale);
  io.run();
  if (sql_only) sql_only->stop();
  (*listener)->stop();
  (*http)->stop();
  peers.stop();
  return 0;
}

/// One node of a fleet at its ports. Its catalog is what its server reads.
struct FleetNode {
  std::unique_ptr<fleet::FleetCatalog> catalog;
  std::unique_ptr<pgwire::Server> sql;
  std::unique_ptr<http::Server> http;
};

Result<FleetNode> start_fleet_node(asio::io_context& io, const fleet::FleetPlan& plan,
                                   std::int64_t node, cluster::Time started) {
  const fleet::FleetOptions& options = plan.options();
  const auto port = [node](std::uint16_t first) {
    return static_cast<std::uint16_t>(first + node - 1);
  };
  FleetNode made;
  made.catalog = std::make_unique<fleet::FleetCatalog>(plan, node, started);
  auto sql = pgwire::Server::create({options.host, port(options.sql_port)}, *made.catalog, {});
  if (!sql) return sql.error();
  auto http = http::Server::create(io, options.host, port(options.http_port),
                                   [&plan, node, started](std::string_view target) {
                                     return fleet::page(plan, node, started, target);
                                   });
  if (!http) return http.error();
  made.sql = std::move(*sql);
  made.http = std::move(*http);
  return made;
}

int run_fleet(const std::vector<std::string>& arguments) {
  const auto options = fleet::parse_fleet(arguments);
  if (!options) return fail(options.error(), 2);
  const fleet::FleetPlan plan(*options);
  const cluster::Time started = cluster::wall_now();
  asio::io_context io(1);
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&io](const boost::system::error_code&, int) { io.stop(); });
  std::vector<FleetNode> nodes;
  for (std::int64_t node = 1; node <= options->nodes; ++node) {
    if (plan.dead(node)) continue;  // Its ports refuse.
    auto made = start_fleet_node(io, plan, node, started);
    if (!made) return fail(made.error(), 1);
    nodes.push_back(std::move(*made));
  }
  std::printf(
      "simulated fleet: %zu of %lld nodes alive, %lld ranges, SQL from %s:%u, HTTP from "
      "%s:%u, %s\n",
      nodes.size(), static_cast<long long>(options->nodes), static_cast<long long>(options->ranges),
      options->host.c_str(), options->sql_port, options->host.c_str(), options->http_port,
      options->profile->version_text().c_str());
  std::fflush(stdout);
  io.run();
  for (FleetNode& node : nodes) {
    node.sql->stop();
    node.http->stop();
  }
  return 0;
}

int ended(const Status& done) { return done ? 0 : fail(done.error(), 1); }

int init(const std::string& host) {
  const Status done = host::ask_init(host);
  if (!done) return fail(done.error(), 1);
  std::puts("Cluster successfully initialized");
  return 0;
}

int node_status(const std::string& host) {
  const auto rows = host::ask_status(host);
  if (!rows) return fail(rows.error(), 1);
  std::puts(
      "id\taddress\tsql_address\tbuild\tstarted_at\tupdated_at\tlocality\tis_available\tis_live");
  for (const host::StatusRow& row : *rows) {
    std::printf("%lld\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", static_cast<long long>(row.id),
                row.address.c_str(), row.sql_address.c_str(), row.build.c_str(),
                row.started_at.c_str(), row.updated_at.c_str(), row.locality.c_str(),
                row.is_available ? "true" : "false", row.is_live ? "true" : "false");
  }
  return 0;
}

int run_sql(const std::vector<std::string>& arguments) {
  const auto options = client::parse_sql(arguments);
  if (!options) return fail(options.error(), 2);
  const client::SqlOutcome outcome = client::run_sql(*options);
  std::fwrite(outcome.out.data(), 1, outcome.out.size(), stdout);
  if (outcome.error.empty()) return 0;
  std::fprintf(stderr, "%s\n", outcome.error.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  if (argc > 1 && std::string(argv[1]) == "sql") return run_sql({argv + 2, argv + argc});
  if (argc > 1 && std::string(argv[1]) == "fleet") return run_fleet({argv + 2, argv + argc});
  const auto options = host::parse({argv + 1, argv + argc});
  if (!options) return fail(options.error(), 2);
  if (const Status done = configure_logging({options->start.log_level, "logfmt"}); !done) {
    return fail(done.error(), 2);
  }
  switch (options->verb) {
    case host::Verb::help:
      std::fputs(host::usage().c_str(), stdout);
      std::fputs(fleet::fleet_usage().c_str(), stdout);
      std::puts("\n  crdbsim sql --insecure --host=HOST:PORT [--database=] -e STATEMENT [-e ...]");
      return 0;
    case host::Verb::version:
      std::printf("Build Tag:        %s\nBuild:            %s\nDistribution:     CCL\n",
                  cluster::profiles().front().tag_text().c_str(),
                  cluster::profiles().front().version_text().c_str());
      return 0;
    case host::Verb::init: return init(options->host);
    case host::Verb::node_status: return node_status(options->host);
    case host::Verb::start: return start(options->start);
    case host::Verb::decommission:
      return ended(host::decommission(options->host, options->nodes, options->wait));
    case host::Verb::recommission: return ended(host::recommission(options->host, options->nodes));
    case host::Verb::drain: return ended(host::drain(options->host, options->nodes.front()));
  }
  return 2;
}
