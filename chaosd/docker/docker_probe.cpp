#include <array>
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
                            Need{FaultKind::net_latency, "delay"},
                            Need{FaultKind::net_bandwidth, "rate"}};

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
      support.reason = why + ": if the helper is killed, its rules stay until chaosd cleans up";
    }
    all.push_back(std::move(support));
  }
  return all;
}

}  // namespace faultline::chaos
