#include <charconv>
#include <cstdlib>

#include "simulator/fleet/plan.hpp"

namespace faultline::sim::fleet {
namespace {

struct Number {
  const char* flag;
  std::int64_t* target;
  std::int64_t min, max;
};

Error wrong(const std::string& flag, const std::string& what) {
  return {ErrorCode::invalid, what, flag};
}

Status read_number(const Number& number, const std::string& text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || value < number.min ||
      value > number.max) {
    return wrong(number.flag, "give a number from " + std::to_string(number.min) + " to " +
                                  std::to_string(number.max));
  }
  *number.target = value;
  return kDone;
}

Status check(const FleetOptions& made, std::int64_t sql_port, std::int64_t http_port) {
  if (made.dead > made.nodes) return wrong("--dead", "there are no more nodes than --nodes");
  if (made.factor % 2 == 0) return wrong("--replicas", "give an odd number: 1, 3 or 5");
  for (const auto& [flag, port] : {std::pair("--sql-port", sql_port), {"--http-port", http_port}}) {
    if (port + made.nodes - 1 > 65535) {
      return wrong(flag, "the last node's port would be above 65535");
    }
  }
  const std::int64_t apart = sql_port > http_port ? sql_port - http_port : http_port - sql_port;
  if (apart < made.nodes) {
    return wrong("--http-port", "the nodes' SQL and HTTP ports overlap; move them apart");
  }
  return kDone;
}

}  // namespace

Result<FleetOptions> parse_fleet(const std::vector<std::string>& arguments) {
  FleetOptions made;
  std::int64_t sql_port = made.sql_port, http_port = made.http_port;
  const Number numbers[] = {
      {"--nodes", &made.nodes, 1, 1000},   {"--ranges", &made.ranges, 44, 10'000'000},
      {"--dead", &made.dead, 0, 1000},     {"--stores-per-node", &made.stores_per_node, 1, 16},
      {"--replicas", &made.factor, 1, 5},  {"--localities", &made.localities, 1, 100},
      {"--sql-port", &sql_port, 1, 65535}, {"--http-port", &http_port, 1, 65535}};
  std::string profile =
      std::getenv("CRDBSIM_PROFILE") == nullptr ? "" : std::getenv("CRDBSIM_PROFILE");
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    std::string flag = arguments[at], value;
    const auto equals = flag.find('=');
    if (equals != std::string::npos) {
      value = flag.substr(equals + 1);
      flag.resize(equals);
    } else if (flag != "--insecure" && at + 1 < arguments.size()) {
      value = arguments[++at];
    }
    bool known = flag == "--insecure";
    for (const Number& number : numbers) {
      if (flag != number.flag) continue;
      known = true;
      if (const Status read = read_number(number, value); !read) return read.error();
    }
    if (flag == "--host" || flag == "--profile") {
      known = true;
      if (value.empty()) return wrong(flag, "needs a value");
      (flag == "--host" ? made.host : profile) = value;
    }
    if (!known) return wrong(flag, "unknown flag; see crdbsim help");
  }
  if (!profile.empty()) {
    made.profile = cluster::find_profile(profile);
    if (made.profile == nullptr) {
      return wrong("--profile", "\"" + profile + "\" is none of " + cluster::profile_names());
    }
  }
  if (const Status fits = check(made, sql_port, http_port); !fits) return fits.error();
  made.sql_port = static_cast<std::uint16_t>(sql_port);
  made.http_port = static_cast<std::uint16_t>(http_port);
  return made;
}

std::string fleet_usage() {
  return R"(
  crdbsim fleet [--nodes=200] [--ranges=1000000] [--dead=0] [--stores-per-node=1] [--replicas=3]
                [--localities=3] [--host=127.0.0.1] [--sql-port=26257] [--http-port=28080]
                [--profile=22.1]
One process that answers as so many nodes, node n on the ports n-1 above the first. Read-only and
standing still: the last --dead nodes refuse connections, and the rest knows.
)";
}

}  // namespace faultline::sim::fleet
