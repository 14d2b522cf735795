#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/base/log.hpp"
#include "simulator/cluster/engine.hpp"

namespace faultline::sim::host {

/// First bytes of a connection on the shared port; a PostgreSQL client's first is 0.
inline constexpr std::string_view kPeerMagic = "FLSIMP1\n";
inline constexpr std::string_view kControlMagic = "FLSIMC1\n";

/// The TCP links of a node and its clock. Each node dials every other and speaks only
/// on the links it dialled; answers come on the other's. So a link is a one-way
/// street, and what a firewall or a SIGSTOP does to it is what the model sees.
/// Everything runs on the io_context's one thread, except adopt() and wake().
class PeerNet {
 public:
  /// One line of JSON for one line of JSON: init, node status.
  using Control = std::function<std::string(const std::string& request)>;

  /// `io`, `engine` and `log` outlive this.
  PeerNet(boost::asio::io_context& io, cluster::Engine& engine, Control control, Logger log);
  ~PeerNet();

  void start(double time_scale);
  void stop();
  /// Takes over an accepted socket that starts with one of the magics. Any thread.
  void adopt(int descriptor);
  /// The node has something to send. Any thread.
  void wake();

 private:
  struct Link;     ///< Dialled by us: we write.
  struct Inbound;  ///< Dialled by a peer: we read.

  void tick();
  void pump();
  void dial(const std::shared_ptr<Link>& link);
  void connected(const std::shared_ptr<Link>& link);
  void lost(const std::shared_ptr<Link>& link, cluster::LinkState state, bool at_once);
  void write(const std::shared_ptr<Link>& link);
  void watch(const std::shared_ptr<Link>& link);
  void read_magic(const std::shared_ptr<Inbound>& inbound);
  void read_header(const std::shared_ptr<Inbound>& inbound);
  void read_body(const std::shared_ptr<Inbound>& inbound, std::size_t size);
  void read_control(const std::shared_ptr<Inbound>& inbound);

  boost::asio::io_context& io_;
  cluster::Engine& engine_;
  Control control_;
  Logger log_;
  boost::asio::steady_timer timer_;
  boost::asio::ip::tcp::resolver resolver_;
  std::chrono::milliseconds tick_{50}, redial_{500};
  std::map<std::string, std::shared_ptr<Link>> links_;
  std::map<const Inbound*, std::weak_ptr<Inbound>> inbounds_;
  std::atomic<bool> woken_{false};
  bool stopped_ = false;
};

}  // namespace faultline::sim::host
