#include <array>
#include <initializer_list>
#include <utility>

#include "chaosd/docker/docker_holds.hpp"

namespace faultline::chaos {

namespace {

struct Need {
  FaultKind kind;
  std::string_view ability;  ///< Beside nft, which all need that touch the network.
};
constexpr std::array kNeeds{Need{FaultKind::net_partition, "nft"},
                            Need{FaultKind::net_isolate, "nft"}, Need{FaultKind::net_loss, "nft"},
                            Need{FaultKind::net_bandwidth, "rate"}};

constexpr std::string_view kStays =
    ": if the helper is killed, its rules stay until chaosd cleans up";

/// Empty: it can. Else why not.
std::string lack_of(std::string_view ability, const std::vector<std::string>& lines) {
  const std::string start = "probe " + std::string{ability};
  for (const auto& line : lines) {
    if (line == start + " yes") return "";
    if (line.starts_with(start + " no ")) return line.substr(start.size() + 4);
  }
  return "the helper did not say whether the kernel can (" + std::string{ability} + ")";
}

FaultSupport throttle_support(FaultKind kind, const std::vector<std::string>& lines) {
  FaultSupport support{kind, Support::supported, lack_of("throttle", lines)};
  if (!support.reason.empty()) {
    support.support = Support::unsupported;
  } else if (auto why = lack_of("writeback", lines); !why.empty()) {
    support.support = Support::degraded;
    support.reason = std::move(why);
  }
  return support;
}

}  // namespace

namespace {

/// Two ways to be late: netem for everything, a relay beside the target for its clients.
FaultSupport read_latency(const std::vector<std::string>& lines) {
  FaultSupport support{FaultKind::net_latency, Support::supported, lack_of("nft", lines)};
  const auto lacks = [&](std::initializer_list<std::string_view> abilities) {
    std::string why = support.reason;
    for (const auto ability : abilities) {
      if (why.empty()) why = lack_of(ability, lines);
    }
    return why;
  };
  const auto all = lacks({"delay"});
  const auto sql = lacks({"relay", "owner"});
  support.reason = all;
  if (!all.empty() && !sql.empty()) {
    support.support = Support::unsupported;
  } else if (!all.empty()) {
    support.support = Support::degraded;
    support.reason +=
        "; only what SQL clients see can be delayed (path sql), by a relay in the "
        "target's network";
    support.without = {{NetPath::all, all}};
  } else if (!sql.empty()) {
    support.support = Support::degraded;
    support.reason = "path sql cannot be done: " + sql;
    if (!lack_of("owner", lines).empty()) support.reason += kStays;
    support.without = {{NetPath::sql, sql}};
  }
  return support;
}

}  // namespace

std::vector<FaultSupport> read_probe(const std::vector<std::string>& lines) {
  std::vector<FaultSupport> all{{FaultKind::disk_fill, Support::supported, lack_of("fill", lines)}};
  if (!all.front().reason.empty()) all.front().support = Support::unsupported;
  for (const auto kind : {FaultKind::disk_slow, FaultKind::disk_stall}) {
    all.push_back(throttle_support(kind, lines));
  }
  for (const auto& need : kNeeds) {
    FaultSupport support{need.kind, Support::supported, lack_of("nft", lines)};
    if (support.reason.empty()) support.reason = lack_of(need.ability, lines);
    if (!support.reason.empty()) {
      support.support = Support::unsupported;
    } else if (const auto why = lack_of("owner", lines); !why.empty()) {
      support.support = Support::degraded;
      support.reason = why + std::string{kStays};
    }
    all.push_back(std::move(support));
  }
  all.push_back(read_latency(lines));
  return all;
}

}  // namespace faultline::chaos
