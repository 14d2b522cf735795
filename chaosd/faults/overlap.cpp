#include "chaosd/faults/overlap.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/base/ensure.hpp"

namespace faultline::chaos {

namespace {

/// What a fault takes of its target for itself.
enum class Hold : std::uint8_t { run, freeze, isolation, cut, loss, shape, cpu, memory };
constexpr std::size_t kHolds = 8;

Hold hold_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::stop:
    case FaultKind::kill:
    case FaultKind::restart: return Hold::run;
    case FaultKind::pause: return Hold::freeze;
    case FaultKind::net_isolate: return Hold::isolation;
    case FaultKind::net_partition: return Hold::cut;
    case FaultKind::net_loss: return Hold::loss;
    case FaultKind::net_latency:
    case FaultKind::net_bandwidth: return Hold::shape;
    case FaultKind::cpu_throttle: return Hold::cpu;
    case FaultKind::memory_pressure: return Hold::memory;
  }
  FAULTLINE_ENSURE(false, "every kind takes something");
}

/// Why two do not go together. `peers`: only when both are about the same peers.
enum class Clash : std::uint8_t { none, one_run, network_of_the_run, memory, all_cut, peers, queue,
                                  limit };
using enum Clash;

/// Row and column as in Hold; what is above the diagonal is below it, too.
constexpr std::array<std::array<Clash, kHolds>, kHolds> kMatrix{{
    // run      freeze   isolation           cut                 loss                shape               cpu    memory
    {one_run, one_run, network_of_the_run, network_of_the_run, network_of_the_run, network_of_the_run, none, memory},  // run
    {one_run, one_run, none, none, none, none, none, memory},  // freeze
    {network_of_the_run, none, all_cut, all_cut, all_cut, all_cut, none, none},  // isolation
    {network_of_the_run, none, all_cut, peers, peers, peers, none, none},  // cut
    {network_of_the_run, none, all_cut, peers, peers, none, none, none},  // loss
    {network_of_the_run, none, all_cut, peers, none, queue, none, none},  // shape
    {none, none, none, none, none, none, limit, none},  // cpu
    {memory, memory, none, none, none, none, none, limit},  // memory
}};

/// Without peers it is about everybody.
bool share_a_peer(const FaultParams& a, const FaultParams& b) {
  if (a.peers.empty() || b.peers.empty()) return true;
  return std::any_of(a.peers.begin(), a.peers.end(), [&](const Peer& peer) {
    return std::find(b.peers.begin(), b.peers.end(), peer) != b.peers.end();
  });
}

std::string clause(Clash clash) {
  switch (clash) {
    case none: return "";
    case one_run: return "both decide whether its process runs";
    case network_of_the_run: return "the target's network goes with the run that the one ends";
    case memory: return "a node must run freely to live within less memory, and to start again";
    case all_cut: return "nothing passes an isolated node that the other could act upon";
    case peers: return "both act upon the packets of the same peers; give each its own peers";
    case queue: return "the target's network has one queue to send from";
    case limit: return "there is one such limit";
  }
  FAULTLINE_ENSURE(false, "every clash has its clause");
}

}  // namespace

std::string why_not_together(const Overlapping& a, const Overlapping& b) {
  const Clash clash =
      kMatrix[static_cast<std::size_t>(hold_of(a.kind))][static_cast<std::size_t>(hold_of(b.kind))];
  if (clash == peers && !share_a_peer(a.params, b.params)) return "";
  return clause(clash);
}

}  // namespace faultline::chaos
