#include "chaosd/faults/overlap.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/base/ensure.hpp"

namespace faultline::chaos {

namespace {

/// What a fault takes of its target for itself.
enum class Share : std::uint8_t { run, freeze, isolation, cut, loss, shape, cpu, memory, disk, io };
constexpr std::size_t kShares = 10;

Share share_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::stop:
    case FaultKind::kill:
    case FaultKind::restart: return Share::run;
    case FaultKind::pause: return Share::freeze;
    case FaultKind::net_isolate: return Share::isolation;
    case FaultKind::net_partition: return Share::cut;
    case FaultKind::net_loss: return Share::loss;
    case FaultKind::net_latency:
    case FaultKind::net_bandwidth: return Share::shape;
    case FaultKind::cpu_throttle: return Share::cpu;
    case FaultKind::memory_pressure: return Share::memory;
    case FaultKind::disk_fill: return Share::disk;
    case FaultKind::disk_slow:
    case FaultKind::disk_stall: return Share::io;
  }
  FAULTLINE_ENSURE(false, "every kind takes something");
}

/// Why two do not go together.
enum class Clash : std::uint8_t {
  fine,     ///< They do.
  run,      ///< Both decide whether the process runs.
  network,  ///< One lives in the network of the run that the other ends.
  memory,   ///< A node that is frozen or starts cannot live within less of it.
  room,     ///< A node cannot start on a full disk.
  covered,  ///< Nothing is left for the other to act upon.
  peers,    ///< Only when both are about the same peers.
  queue,    ///< A network has one queue to send from.
  limit,    ///< There is one such limit.
  full,     ///< It is being filled already.
  cgroup,   ///< One is a limit of the run that the other ends.
  idle,     ///< What is frozen does nothing to its disk.
  tried,    ///< The one is tried with a file on the disk that the other fills.
};

/// Row and column as in Share. The whole matrix: nothing else decides what overlaps.
constexpr auto kMatrix = [] {
  using enum Clash;
  using Row = std::array<Clash, kShares>;
  return std::array<Row, kShares>{
      //  run      freeze   isolation cut      loss     shape    cpu    memory  disk  io
      Row{run, run, network, network, network, network, fine, memory, room, cgroup},   // run
      Row{run, run, fine, fine, fine, fine, fine, memory, fine, idle},                 // freeze
      Row{network, fine, covered, covered, covered, covered, fine, fine, fine, fine},  // isolation
      Row{network, fine, covered, peers, peers, peers, fine, fine, fine, fine},        // cut
      Row{network, fine, covered, peers, peers, fine, fine, fine, fine, fine},         // loss
      Row{network, fine, covered, peers, fine, queue, fine, fine, fine, fine},         // shape
      Row{fine, fine, fine, fine, fine, fine, limit, fine, fine, fine},                // cpu
      Row{memory, memory, fine, fine, fine, fine, fine, limit, fine, fine},            // memory
      Row{room, fine, fine, fine, fine, fine, fine, fine, full, tried},                // disk
      Row{cgroup, idle, fine, fine, fine, fine, fine, fine, tried, limit},             // io
  };
}();

/// Without peers it is about everybody.
bool share_a_peer(const FaultParams& a, const FaultParams& b) {
  if (a.peers.empty() || b.peers.empty()) return true;
  return std::any_of(a.peers.begin(), a.peers.end(), [&](const Peer& peer) {
    return std::find(b.peers.begin(), b.peers.end(), peer) != b.peers.end();
  });
}

int by_relay(const Overlapping& one) {
  return one.kind == FaultKind::net_latency && one.params.path == NetPath::sql ? 1 : 0;
}

std::string clause(Clash clash) {
  switch (clash) {
    case Clash::fine: return "";
    case Clash::run: return "both decide whether its process runs";
    case Clash::network:
      return "the network that the one is in goes with the run that the other ends";
    case Clash::memory: return "a node that is frozen or starts cannot live within less memory";
    case Clash::covered: return "nothing passes an isolated node that the other could act upon";
    case Clash::peers:
      return "both act upon the packets of the same peers; give each its own peers";
    case Clash::queue: return "its network has one queue to send from";
    case Clash::limit: return "there is one such limit";
    case Clash::room: return "a node cannot start while its disk is full";
    case Clash::full: return "its disk is being filled already";
    case Clash::cgroup: return "the limits of the one go with the run that the other ends";
    case Clash::idle: return "a frozen node does nothing to its disk";
    case Clash::tried: return "the one has to write to the disk that the other fills";
  }
  FAULTLINE_ENSURE(false, "every clash has its clause");
}

}  // namespace

std::string why_not_together(const Overlapping& a, const Overlapping& b) {
  const auto row = static_cast<std::size_t>(share_of(a.kind));
  const auto column = static_cast<std::size_t>(share_of(b.kind));
  const Clash clash = kMatrix[row][column];
  // A relay takes connections of clients, of which no queue and no peer knows.
  const int relays = by_relay(a) + by_relay(b);
  if (relays == 2) return "a relay takes its clients already";
  if (relays == 1 && (clash == Clash::peers || clash == Clash::queue)) return "";
  if (clash == Clash::peers && !share_a_peer(a.params, b.params)) return "";
  return clause(clash);
}

}  // namespace faultline::chaos
