#include "exporter/config.hpp"

#include <algorithm>
#include <cstdio>

#include "common/config/options.hpp"
#include "common/net/address_book.hpp"

namespace faultline::exporter {

namespace {

int complain(const Error& error) {
  std::fprintf(stderr, "faultline-exporter: %s\n", error.message.c_str());
  return 2;
}

/// As browsers send it: anything after the port would silently never match.
std::string origin_complaint(const std::string& text) {
  constexpr auto kWhatWillDo =
      "use scheme://host[:port] without a path, as https://faultline.example";
  const auto scheme = text.find("://");
  if (!text.starts_with("http://") && !text.starts_with("https://")) return kWhatWillDo;
  const auto rest = text.substr(scheme + 3);
  const bool spare = rest.empty() || rest.find_first_of("/?#@* ,") != std::string::npos;
  // A colon outside the brackets of an IPv6 address begins a port.
  const auto bracket = rest.rfind(']');
  const auto colon = rest.find(':', bracket == std::string::npos ? 0 : bracket);
  const bool good_port = colon == std::string::npos || net::parse_endpoint(rest).has_value();
  return spare || !good_port ? kWhatWillDo : "";
}

/// host:port, or :port for every address; port 0 is a free one.
std::string listen_complaint(const std::string& text) {
  const bool everywhere = text.starts_with(':');
  if (text.ends_with(":0")) return "";
  const auto complaint = config::is_endpoint()(everywhere ? "0.0.0.0" + text : text);
  return complaint.empty() ? "" : "use host:port, as 127.0.0.1:8095, or :8095 for every address";
}

/// The flag repeats, as exporter-toolkit's does; `listen` is what was given.
void add_web_flags(config::Options& options, Config& to, std::vector<std::string>& listen) {
  using namespace config;
  options.add_list("web.listen-address", listen,
                   "Where to listen; :8095 is every address, port 0 takes a free one",
                   listen_complaint);
  options.add("web.telemetry-path", to.telemetry_path, "Path of the metrics", is_http_path());
  options.add_list("web.allow-origin", to.allowed_origins,
                   "Origin that a browser may come from, as https://faultline.example",
                   origin_complaint);
  options.add("web.config.file", to.web_config_file,
              "YAML file with tls_server_config, http_server_config and basic_auth_users, as "
              "exporter-toolkit has it",
              is_readable_file());
  options.add_switch("web.enable-lifecycle", to.enable_lifecycle,
                     "Answer POST /-/reload; SIGHUP reloads always");
}

void add_collector_flags(config::Options& options, CollectorConfig& to) {
  options.add_switch("collector.process", to.process, "Probe every process");
  options.add_switch("collector.metrics", to.metrics, "Read every node's own gauges");
  options.add_switch("collector.gossip", to.gossip, "Read nodes and liveness from gossip");
  options.add_switch("collector.placement", to.placement, "Read where the ranges are");
  options.add_switch("collector.containers", to.containers,
                     "Follow containers and faults of chaosd");
  options.add_duration("probe.interval", to.probe_interval, "Between two probes through one node",
                       milliseconds{50}, milliseconds{60'000});
  // A round ends at its first deadline, and one that takes over 10 s counts as old.
  options.add_duration("probe.timeout", to.probe_timeout, "Deadline of one probing statement",
                       milliseconds{200}, milliseconds{8'000});
  options.add_switch("collector.kv-status", to.kv_status,
                     "Read what nodes and stores wrote about themselves");
  options.add_switch("collector.cluster-log", to.cluster_log,
                     "Read what the cluster logs about its ranges and nodes");
}

/// With targets the main cluster is there only for who speaks of it.
bool wants_main(const config::Options& options, const Config& parsed) {
  const auto& flags = cluster_flags();
  return parsed.targets_file.empty() ||
         std::any_of(flags.begin(), flags.end(),
                     [&](const ClusterFlag& flag) { return options.given(flag.name); });
}

}  // namespace

std::optional<int> parse_config(int argc, const char* const* argv, Config& to) {
  using namespace config;
  SecretFiles files;
  Options options{"faultline-exporter",
                  "Tells Prometheus and browsers what is true about a CockroachDB cluster."};
  add_cluster_flags(options, to.main, files);
  options.add("targets.file", to.targets_file,
              "YAML file with more clusters by name, for /probe?target=NAME; without a flag of "
              "cockroach.* or chaosd.* only those are watched",
              is_readable_file());
  std::vector<std::string> listen{to.listen_address};
  add_web_flags(options, to, listen);
  add_collector_flags(options, to.collect);
  options.add("log.level", to.log.level, "Least severity to log",
              is_one_of({"debug", "info", "warn", "error"}));
  options.add("log.format", to.log.format, "How log lines look", is_one_of({"logfmt", "json"}));
  if (const auto code = options.parse(argc, argv)) return *code;
  if (listen.size() > 1) {
    return complain({ErrorCode::invalid, "--web.listen-address has " +
                                             std::to_string(listen.size()) +
                                             " addresses; use one, or :8095 for every address"});
  }
  to.listen_address = listen.front();

  if (const auto status = complete(to.main, files); !status) return complain(status.error());
  to.watch_main = wants_main(options, to);
  if (to.targets_file.empty()) return std::nullopt;
  auto targets = read_targets_file(to.targets_file);
  if (!targets) return complain(targets.error());
  to.targets = std::move(targets).value();
  return std::nullopt;
}

}  // namespace faultline::exporter
