#include "chaosd/config.hpp"

#include <cstdio>
#include <utility>

#include "chaosd/service/metric_query.hpp"
#include "common/base/read_file.hpp"
#include "common/config/options.hpp"
#include "common/net/address_book.hpp"

namespace faultline::chaos {

namespace {

namespace check = faultline::config;
using namespace std::chrono_literals;

/// As browsers send it: nothing after the port, or it would silently never match.
std::string origin_complaint(const std::string& text) {
  const auto scheme = text.find("://");
  const bool will_do = (text.starts_with("http://") || text.starts_with("https://")) &&
                       text.size() > scheme + 3 && text.find('/', scheme + 3) == std::string::npos;
  return will_do ? "" : "use scheme://host[:port] without a path, as http://localhost:5173";
}

std::string host_complaint(const std::string& text) {
  const bool will_do = !text.empty() && text.find('/') == std::string::npos;
  return will_do ? "" : "use host or host:port, as chaosd:8096";
}

std::string prometheus_complaint(const std::string& text) {
  const auto address = read_prometheus_address(text);
  return address ? "" : address.error().message;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host.starts_with("127.") || host == "::1" || host == "[::1]";
}

/// What the flags say before it is made of it what main needs.
struct Words {
  std::string runtime = "docker";
  std::string token_file;
  std::string guard;
  bool read_only = false;
  bool heal_only = false;
  milliseconds max_duration{};
  milliseconds default_duration{};
};

void add_access_flags(check::Options& options, ChaosdConfig& config, Words& words) {
  options.add("web.listen-address", config.listen_address,
              "Where to listen; other than loopback only with --web.token-file",
              check::is_endpoint());
  options.add("web.token-file", words.token_file, "Lines \"viewer|operator|admin TOKEN\"",
              check::is_readable_file());
  options.add_list("web.allow-origin", config.access.origins,
                   "Origin of a page that may call, as http://localhost:5173", origin_complaint);
  options.add_list("web.allow-host", config.access.hosts,
                   "Host, with or without port, under which chaosd may be called", host_complaint);
}

void add_runtime_flags(check::Options& options, ChaosdConfig& config, Words& words) {
  options.add("runtime", words.runtime, "What runs the nodes: docker or process",
              check::is_one_of({"docker", "process"}));
  options.add_list("docker.host", config.docker.hosts,
                   "Address of a Docker Engine, unix:///path or tcp://host:port; with NAME= before "
                   "it its targets are called container@NAME");
  options.add_list("docker.tls-dir", config.docker.tls_folders,
                   "Folder with ca.pem, and cert.pem with key.pem, for TLS with the tcp:// hosts; "
                   "with NAME= before it for that host");
  options.add_switch("docker.plain-tcp", config.docker.plain_tcp,
                     "Speak in clear with a tcp:// host elsewhere than on this machine");
  options.add("docker.label", config.docker_label,
              "Label whose value \"true\" makes a container a target");
  options.add("docker.helper-image", config.docker_helper_image,
              "Image of faultline-nethold, which holds network faults");
  options.add("process.file", config.process_file, "The local processes of the demo, as YAML",
              check::is_readable_file());
  options.add("state-dir", config.state_dir, "Folder of the journal and the audit");
}

void add_fault_flags(check::Options& options, ChaosdConfig& config, Words& words) {
  options.add_duration("fault.max-duration", words.max_duration,
                       "Longest fault that may be asked for", 1s, 24h);
  options.add_duration("fault.default-duration", words.default_duration,
                       "Duration of a fault of the original calls, which may leave it out", 1s,
                       24h);
  options.add("exporter.address", config.exporter_address,
              "host:port of faultline-exporter, to learn which target is which node",
              check::is_endpoint());
  options.add("prometheus.address", config.prometheus_address,
              "http://host:port of Prometheus, for abort conditions of experiments in PromQL",
              prometheus_complaint);
  options.add("guard", words.guard,
              "What becomes of a fault that would lose quorum, or whose effect is not known: off, "
              "warn or enforce (refused until its plan is accepted). Default: enforce with "
              "--exporter.address, else off",
              check::is_one_of({"off", "warn", "enforce"}));
  options.add_switch("read-only", words.read_only,
                     "Take no call that changes anything; faults of an earlier run are undone");
  options.add_switch("heal-only", words.heal_only, "Undo and start, but begin no fault");
  options.add_switch("check-audit", config.check_audit,
                     "Say whether the audit in --state-dir is whole, and end: 0 if it is, else 1");
}

/// What is wrong between the flags; empty: nothing.
std::string settle(ChaosdConfig& config, Words& words) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  config.runtime = words.runtime == "process" ? RuntimeKind::process : RuntimeKind::docker;
  if (words.guard.empty()) words.guard = config.exporter_address.empty() ? "off" : "enforce";
  for (const GuardMode mode : {GuardMode::off, GuardMode::warn, GuardMode::enforce}) {
    if (words.guard == to_string(mode)) config.guard = mode;
  }
  config.limits.max_duration = duration_cast<seconds>(words.max_duration);
  config.limits.default_duration = duration_cast<seconds>(words.default_duration);
  if (words.read_only) config.limits.mode = ServiceMode::read_only;
  if (words.heal_only) config.limits.mode = ServiceMode::heal_only;
  if (words.read_only && words.heal_only) return "--read-only and --heal-only: give one of them";
  if (config.limits.default_duration > config.limits.max_duration) {
    return "--fault.default-duration is longer than --fault.max-duration; shorten it";
  }
  if (config.runtime == RuntimeKind::process && config.process_file.empty() &&
      !config.check_audit) {
    return "--runtime process needs --process.file; give the file that lists them";
  }
  return "";
}

}  // namespace

Status finish_access(ChaosdConfig& config, const std::string& token_file) {
  const auto listen = net::parse_endpoint(config.listen_address);
  if (!listen || listen->is_unix()) {
    return Error{ErrorCode::invalid,
                 "--web.listen-address is \"" + config.listen_address +
                     "\"; use host:port, as 127.0.0.1:8096",
                 "--web.listen-address"};
  }
  config.access.hosts.push_back(config.listen_address);
  if (token_file.empty()) {
    if (is_loopback(listen->host)) return kDone;
    return Error{
        ErrorCode::invalid,
        "--web.listen-address " + config.listen_address +
            " can be reached from elsewhere; give --web.token-file, or listen on 127.0.0.1",
        "--web.token-file"};
  }
  const auto text = read_file(token_file);
  if (!text) {
    return Error{ErrorCode::invalid, "--web.token-file " + token_file + " cannot be read",
                 "--web.token-file"};
  }
  auto tokens = TokenBook::parse(*text);
  if (!tokens) {
    return Error{ErrorCode::invalid,
                 "--web.token-file " + token_file + ": " + tokens.error().message,
                 "--web.token-file"};
  }
  config.access.tokens = std::move(tokens).value();
  return kDone;
}

std::variant<ChaosdConfig, int> read_config(int argc, const char* const* argv) {
  ChaosdConfig config;
  Words words;
  words.max_duration = config.limits.max_duration;
  words.default_duration = config.limits.default_duration;

  check::Options options{"faultline-chaosd", "Breaks nodes on purpose, and undoes it in time."};
  add_access_flags(options, config, words);
  add_runtime_flags(options, config, words);
  add_fault_flags(options, config, words);
  options.add("log.level", config.log.level, "debug, info, warn or error",
              check::is_one_of({"debug", "info", "warn", "error"}));
  options.add("log.format", config.log.format, "logfmt or json",
              check::is_one_of({"logfmt", "json"}));
  if (const auto code = options.parse(argc, argv)) return *code;

  const auto complain = [](const std::string& sentence) {
    std::fprintf(stderr, "faultline-chaosd: %s\n", sentence.c_str());
    return 2;
  };
  if (const std::string wrong = settle(config, words); !wrong.empty()) return complain(wrong);
  if (config.check_audit) return config;
  if (const auto access = finish_access(config, words.token_file); !access) {
    return complain(access.error().message);
  }
  return config;
}

}  // namespace faultline::chaos
