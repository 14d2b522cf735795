#include "exporter/config.hpp"

#include <cstdio>
#include <filesystem>

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

/// libpq misses the file only when it dials, again and again.
std::string certs_complaint(const std::string& text) {
  if (auto wrong = config::is_directory()(text); !wrong.empty()) return wrong;
  std::error_code ignored;
  return std::filesystem::exists(text + "/ca.crt", ignored) ? "" : "it holds no ca.crt";
}

std::string user_complaint(const std::string& text) {
  return text.empty() ? "use the name of an SQL user, as root" : "";
}

/// What one flag alone cannot tell.
Status check_together(const Config& parsed) {
  if (parsed.sql.empty()) {
    return Error{ErrorCode::invalid, "--cockroach.sql is empty; use host:port, as 127.0.0.1:26257",
                 "--cockroach.sql"};
  }
  if (!parsed.login.password.empty() && parsed.login.certs_dir.empty()) {
    return Error{ErrorCode::invalid,
                 "--cockroach.password-file needs --cockroach.certs-dir: a password is not sent "
                 "over a connection without TLS",
                 "--cockroach.password-file"};
  }
  return kDone;
}

/// Where secrets are, until they are read.
struct SecretFiles {
  std::string password;
  std::string token;
};

void add_peer_flags(config::Options& options, Config& to, SecretFiles& files) {
  using namespace config;
  options.add_list("cockroach.sql", to.sql, "SQL addresses of nodes; others are discovered",
                   is_endpoint());
  options.add_list("cockroach.http", to.http, "HTTP addresses of nodes; others are discovered",
                   is_endpoint());
  options.add("cockroach.user", to.login.user, "SQL user", user_complaint);
  options.add("cockroach.password-file", files.password, "File with the SQL user's password",
              is_readable_file());
  options.add("cockroach.certs-dir", to.login.certs_dir,
              "Directory with ca.crt and the client's certificate; turns TLS on", certs_complaint);
  options.add_list("cockroach.setting", to.session_settings,
                   "Session setting for every connection, as name=value",
                   sql::check_session_setting);
  options.add("chaosd.address", to.chaosd_address, "Where chaosd listens; empty: monitor only",
              is_endpoint());
  options.add("chaosd.token-file", files.token, "File with the bearer token for chaosd",
              is_readable_file());
}

void add_web_flags(config::Options& options, Config& to) {
  using namespace config;
  options.add("web.listen-address", to.listen_address, "Where to listen; port 0 takes a free one",
              [](const std::string& text) -> std::string {
                const bool any_port = text.ends_with(":0") && text.size() > 2;
                return any_port ? "" : is_endpoint()(text);
              });
  options.add("web.telemetry-path", to.telemetry_path, "Path of the metrics", is_http_path());
  options.add_list("web.allow-origin", to.allowed_origins,
                   "Origin that a browser may come from, as https://faultline.example",
                   origin_complaint);
  options.add("web.config.file", to.web_config_file,
              "YAML file with tls_server_config and basic_auth_users, as exporter-toolkit has it",
              is_readable_file());
  options.add_switch("web.enable-lifecycle", to.enable_lifecycle,
                     "Answer POST /-/reload; SIGHUP reloads always");
}

void add_collector_flags(config::Options& options, Config& to) {
  options.add_switch("collector.process", to.collect_process, "Probe every process");
  options.add_switch("collector.metrics", to.collect_metrics, "Read every node's own gauges");
  options.add_switch("collector.gossip", to.collect_gossip, "Read nodes and liveness from gossip");
  options.add_switch("collector.placement", to.collect_placement, "Read where the ranges are");
  options.add_switch("collector.containers", to.collect_containers,
                     "Follow containers and faults of chaosd");
  options.add_switch("collector.probe", to.collect_probe,
                     "Write and read through every node, in a database of its own");
  options.add_duration("probe.interval", to.probe_interval, "Between two probes through one node",
                       milliseconds{50}, milliseconds{60'000});
  // A round ends at its first deadline, and one that takes over 10 s counts as old.
  options.add_duration("probe.timeout", to.probe_timeout, "Deadline of one probing statement",
                       milliseconds{200}, milliseconds{8'000});
  options.add_switch("collector.kv-status", to.collect_kv_status,
                     "Read what nodes and stores wrote about themselves");
  options.add_switch("collector.cluster-log", to.collect_cluster_log,
                     "Read what the cluster logs about its ranges and nodes");
}

}  // namespace

std::optional<int> parse_config(int argc, const char* const* argv, Config& to) {
  using namespace config;
  SecretFiles files;
  Options options{"faultline-exporter",
                  "Tells Prometheus and browsers what is true about a CockroachDB cluster."};
  add_peer_flags(options, to, files);
  add_web_flags(options, to);
  add_collector_flags(options, to);
  options.add("log.level", to.log.level, "Least severity to log",
              is_one_of({"debug", "info", "warn", "error"}));
  options.add("log.format", to.log.format, "How log lines look", is_one_of({"logfmt", "json"}));
  if (const auto code = options.parse(argc, argv)) return code;

  if (!files.password.empty()) {
    auto secret = read_secret("cockroach.password-file", files.password);
    if (!secret) return complain(secret.error());
    to.login.password = Secret{std::move(secret).value()};
  }
  if (!files.token.empty()) {
    auto secret = read_secret("chaosd.token-file", files.token);
    if (!secret) return complain(secret.error());
    to.chaosd_token = Secret{std::move(secret).value()};
  }
  if (const auto status = check_together(to); !status) return complain(status.error());
  return std::nullopt;
}

}  // namespace faultline::exporter
