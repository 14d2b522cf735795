#include "simulator/host/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>

#include <unistd.h>

#include "simulator/cluster/profile.hpp"

namespace faultline::sim::host {
namespace {

struct Flag {
  std::string name, value;
  bool has_value = false;
};

// Flags that are accepted because compose files have them, and mean nothing here.
const std::set<std::string>& ignored_flags() {
  static const std::set<std::string> kIgnored = {
      "--cache",        "--max-sql-memory", "--logtostderr", "--log-dir", "--vmodule",
      "--cluster-name", "--max-offset",     "--attrs",       "--log",     "--external-io-dir"};
  return kIgnored;
}

Error wrong(const std::string& flag, const std::string& what) {
  return {ErrorCode::invalid, what, flag};
}

Result<Address> parse_address(const std::string& flag, const std::string& text,
                              std::uint16_t default_port) {
  Address address{text, default_port};
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return address;
  address.host = text.substr(0, colon);
  const std::string digits = text.substr(colon + 1);
  if (digits.empty()) return address;
  unsigned port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc() || end != digits.data() + digits.size() || port == 0 || port > 65535) {
    return wrong(flag,
                 "\"" + text + "\" has no usable port; give HOST:PORT with a port of 1-65535");
  }
  address.port = static_cast<std::uint16_t>(port);
  return address;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

// What others are told: what was asked for, with the host's name where it says "every
// interface", and the port that is listened on.
std::string advertised(const std::string& asked, const Address& listen) {
  Address address = listen;
  if (!asked.empty()) {
    const auto colon = asked.rfind(':');
    address.host = asked.substr(0, colon);
    if (colon != std::string::npos) return asked;
  }
  if (address.host.empty() || address.host == "0.0.0.0" || address.host == "::") {
    address.host = host_name();
  }
  return address.host + ":" + std::to_string(address.port);
}

std::vector<std::string> split_join(const std::string& text) {
  std::vector<std::string> out;
  std::string rest = text;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    std::string each = rest.substr(0, comma);
    rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    if (each.empty()) continue;
    if (each.find(':') == std::string::npos) each += ":26257";
    out.push_back(std::move(each));
  }
  return out;
}

/// Collects what start's flags say before they are put together.
struct Draft {
  std::string listen = "localhost:26257", sql, http = "localhost:8080";
  std::string advertise, advertise_sql, advertise_http;
  std::set<std::string> seen;
};

std::optional<Error> take_store(const std::string& text, std::vector<StoreSpec>& stores) {
  auto spec = parse_store(text);
  if (!spec) return spec.error();
  const bool twice = !spec->path.empty() &&
                     std::ranges::find(stores, spec->path, &StoreSpec::path) != stores.end();
  if (twice) return wrong("--store", spec->path + " is given twice; each store needs its own");
  stores.push_back(std::move(*spec));
  return std::nullopt;
}

std::optional<Error> take_start_flag(const Flag& flag, Draft& draft, StartOptions& start) {
  const std::pair<const char*, std::string*> texts[] = {
      {"--listen-addr", &draft.listen},
      {"--sql-addr", &draft.sql},
      {"--http-addr", &draft.http},
      {"--advertise-addr", &draft.advertise},
      {"--advertise-sql-addr", &draft.advertise_sql},
      {"--advertise-http-addr", &draft.advertise_http},
      {"--locality", &start.locality},
      {"--pid-file", &start.pid_file},
      {"--log-level", &start.log_level}};
  for (const auto& [name, target] : texts) {
    if (flag.name == name) {
      *target = flag.value;
      return std::nullopt;
    }
  }
  if (flag.name == "--join" || flag.name == "-j") {
    for (std::string& each : split_join(flag.value)) start.join.push_back(std::move(each));
    return std::nullopt;
  }
  if (flag.name == "--store" || flag.name == "-s") {
    return take_store(flag.value, start.stores);
  }
  if (flag.name == "--profile") {
    const auto* found = cluster::find_profile(flag.value);
    if (found == nullptr) {
      return wrong("--profile", "\"" + flag.value + "\" is none of " + cluster::profile_names());
    }
    start.profile = found->name;
    return std::nullopt;
  }
  if (flag.name == "--time-scale") {
    char* end = nullptr;
    start.time_scale = std::strtod(flag.value.c_str(), &end);
    if (end == flag.value.c_str() || *end != '\0' || !std::isfinite(start.time_scale) ||
        start.time_scale < 0.1 || start.time_scale > 50) {
      return wrong("--time-scale", "give a number from 0.1 to 50; 10 is ten times faster");
    }
    return std::nullopt;
  }
  return wrong(flag.name, "unknown flag; see crdbsim help");
}

// So that compose files and tests can choose for every node at once.
std::optional<Error> profile_from_environment(StartOptions& start) {
  const char* named = std::getenv("CRDBSIM_PROFILE");
  if (!start.profile.empty()) return std::nullopt;
  const std::string name = named == nullptr || *named == '\0' ? "22.1" : named;
  const auto* found = cluster::find_profile(name);
  if (found == nullptr) {
    return wrong("CRDBSIM_PROFILE", "\"" + name + "\" is none of " + cluster::profile_names());
  }
  start.profile = found->name;
  return std::nullopt;
}

std::optional<Error> finish_start(const Draft& draft, StartOptions& start) {
  if (const auto error = profile_from_environment(start)) return error;
  if (start.stores.empty()) start.stores.push_back({"cockroach-data", {}, {}});
  const auto listen = parse_address("--listen-addr", draft.listen, 26257);
  if (!listen) return listen.error();
  const auto http = parse_address("--http-addr", draft.http, 8080);
  if (!http) return http.error();
  start.listen = *listen;
  start.http = *http;
  start.sql = *listen;
  if (!draft.sql.empty()) {
    const auto sql = parse_address("--sql-addr", draft.sql, 26257);
    if (!sql) return sql.error();
    start.sql = *sql;
    start.sql_separate = sql->host != listen->host || sql->port != listen->port;
  }
  start.advertise_address = advertised(draft.advertise, start.listen);
  const std::string sql_asked = draft.advertise_sql.empty() && !start.sql_separate
                                    ? start.advertise_address
                                    : draft.advertise_sql;
  start.advertise_sql_address = advertised(sql_asked, start.sql);
  const std::string host = start.advertise_address.substr(0, start.advertise_address.rfind(':'));
  const bool every = start.http.host.empty() || start.http.host == "0.0.0.0";
  start.advertise_http_address =
      !draft.advertise_http.empty()
          ? advertised(draft.advertise_http, start.http)
          : (every ? host : start.http.host) + ":" + std::to_string(start.http.port);
  return std::nullopt;
}

/// Words that are no flags go to `nodes` when they are node ids and somebody wants them.
Result<std::vector<Flag>> flags_of(const std::vector<std::string>& arguments, std::size_t from,
                                   std::vector<std::int64_t>* nodes) {
  std::vector<Flag> flags;
  for (std::size_t i = from; i < arguments.size(); ++i) {
    const std::string& each = arguments[i];
    std::int64_t node = 0;
    const auto [end, failed] = std::from_chars(each.data(), each.data() + each.size(), node);
    if (nodes != nullptr && failed == std::errc() && end == each.data() + each.size() && node > 0) {
      nodes->push_back(node);
      continue;
    }
    if (!each.starts_with("-") || each == "-" || each == "--") {
      return wrong(each, "unexpected argument; see crdbsim help");
    }
    Flag flag;
    const auto equals = each.find('=');
    flag.name = each.substr(0, equals);
    if (equals != std::string::npos) {
      flag.value = each.substr(equals + 1);
      flag.has_value = true;
    } else if (flag.name != "--insecure" && flag.name != "--background" &&
               flag.name != "--logtostderr" && i + 1 < arguments.size() &&
               !arguments[i + 1].starts_with("-")) {
      flag.value = arguments[++i];
      flag.has_value = true;
    }
    flags.push_back(std::move(flag));
  }
  return flags;
}

Result<Verb> verb_of(const std::vector<std::string>& arguments, std::size_t& used) {
  used = 1;
  if (arguments.empty()) return Verb::help;
  const std::string& verb = arguments.front();
  if (verb == "help" || verb == "--help" || verb == "-h") return Verb::help;
  if (verb == "version" || verb == "--version") return Verb::version;
  if (verb == "start") return Verb::start;
  if (verb == "init") return Verb::init;
  for (const auto& [word, found] : {std::pair("status", Verb::node_status),
                                    {"decommission", Verb::decommission},
                                    {"recommission", Verb::recommission},
                                    {"drain", Verb::drain}}) {
    if (verb != "node" || arguments.size() < 2 || arguments[1] != word) continue;
    used = 2;
    return found;
  }
  return wrong(verb, "unknown command; see crdbsim help");
}

}  // namespace

Result<Options> parse(const std::vector<std::string>& arguments) {
  std::size_t used = 0;
  const auto verb = verb_of(arguments, used);
  if (!verb) return verb.error();
  Options options;
  options.verb = *verb;
  if (options.verb == Verb::help || options.verb == Verb::version) return options;
  const bool about_nodes = options.verb == Verb::decommission ||
                           options.verb == Verb::recommission || options.verb == Verb::drain;
  const auto flags = flags_of(arguments, used, about_nodes ? &options.nodes : nullptr);
  if (!flags) return flags.error();
  Draft draft;
  options.host = "localhost:26257";
  bool insecure = false;
  for (const Flag& flag : *flags) {
    if (flag.name == "--insecure") {
      insecure = flag.value.empty() || flag.value == "true";
      continue;
    }
    if (flag.name == "--background") {
      return wrong(flag.name, "not supported by the simulated node; leave it out");
    }
    if (flag.name == "--certs-dir") {
      if (flag.value.empty()) return wrong(flag.name, "give the directory of ca.crt and node.crt");
      options.start.certs_dir = flag.value;
      continue;
    }
    if (ignored_flags().contains(flag.name)) continue;
    if (options.verb == Verb::start) {
      if (!flag.has_value && flag.name.starts_with("-")) {
        const auto known = take_start_flag(flag, draft, options.start);
        return known && known->field == flag.name ? *known : wrong(flag.name, "needs a value");
      }
      if (const auto error = take_start_flag(flag, draft, options.start)) return *error;
      continue;
    }
    if (flag.name == "--wait" && options.verb == Verb::decommission) {
      if (flag.value != "all" && flag.value != "none") return wrong("--wait", "give all or none");
      options.wait = flag.value == "all";
      continue;
    }
    if (flag.name != "--host") return wrong(flag.name, "unknown flag; see crdbsim help");
    options.host = flag.value.find(':') == std::string::npos ? flag.value + ":26257" : flag.value;
  }
  if (insecure == !options.start.certs_dir.empty()) {
    return wrong("--insecure", "give either --insecure or --certs-dir=DIR");
  }
  if (about_nodes &&
      (options.nodes.empty() || (options.verb == Verb::drain && options.nodes.size() > 1))) {
    return wrong("node " + arguments[1], "give the id of a node, such as 3");
  }
  if (options.verb == Verb::start) {
    if (const auto error = finish_start(draft, options.start)) return *error;
  }
  return options;
}

std::string usage() {
  return R"(crdbsim: a simulated CockroachDB node. It keeps nothing safe.

  crdbsim start {--insecure|--certs-dir=DIR} --store=DIR [--store=DIR ...]
                --listen-addr=HOST:PORT
                --http-addr=HOST:PORT --join=HOST:PORT,... [--advertise-addr=] [--sql-addr=] [--locality=]
                [--pid-file=] [--time-scale=1] [--log-level=info] [--profile=22.1]
  crdbsim init --insecure --host=HOST:PORT
  crdbsim node status --insecure --host=HOST:PORT
  crdbsim node decommission ID... [--wait=all|none] --insecure --host=HOST:PORT
  crdbsim node recommission ID... --insecure --host=HOST:PORT
  crdbsim node drain ID --insecure --host=HOST:PORT
  crdbsim version

--profile (or CRDBSIM_PROFILE) says which release it looks and behaves like: )" +
         cluster::profile_names() + R"(.
--certs-dir has ca.crt, node.crt and node.key: TLS for SQL and HTTP clients, logins by
certificate or password. The nodes' own links, init and node status stay in the clear.
--time-scale=10 makes everything that takes time ten times faster.
--store, once for each store, takes DIR[,attrs=ssd][,size=20GiB] or type=mem,size=1GiB.
--cache, --max-sql-memory, --log-dir and the like are accepted and mean nothing.
)";
}

}  // namespace faultline::sim::host
