#include "simulator/host/peer_net.hpp"

#include <array>

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

namespace faultline::sim::host {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using cluster::LinkState;

namespace {

// A peer that takes nothing must not make this process grow.
constexpr std::size_t kQueueBytesMax = 32U << 20U;
constexpr std::size_t kInboundMax = 1000;
constexpr std::size_t kControlBytesMax = 64U << 10U;

std::string frame(const std::string& body) {
  const auto size = static_cast<std::uint32_t>(body.size());
  std::string out;
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>((size >> shift) & 0xffU));
  return out + body;
}

}  // namespace

struct PeerNet::Link {
  Link(asio::io_context& io, std::string name) : address(std::move(name)), socket(io), timer(io) {}
  std::string address;
  tcp::socket socket;
  asio::steady_timer timer;
  std::deque<std::string> queue;
  std::size_t queued = 0;
  bool up = false, writing = false;
  std::array<char, 16> unexpected{};
};

struct PeerNet::Inbound {
  explicit Inbound(asio::io_context& io) : socket(io) {}
  tcp::socket socket;
  std::string from;
  std::array<char, 8> magic{};
  std::array<unsigned char, 4> header{};
  std::string body;
  std::string line;
};

PeerNet::PeerNet(asio::io_context& io, cluster::Engine& engine, Control control, Logger log)
    : io_(io),
      engine_(engine),
      control_(std::move(control)),
      log_(std::move(log)),
      timer_(io),
      resolver_(io) {}

PeerNet::~PeerNet() { stop(); }

void PeerNet::start(double time_scale) {
  const auto scaled = [time_scale](double ms) {
    return std::chrono::milliseconds(std::max(5L, static_cast<long>(ms / time_scale)));
  };
  tick_ = scaled(50);
  redial_ = scaled(500);
  tick();
}

void PeerNet::stop() {
  stopped_ = true;
  timer_.cancel();
  error_code ignored;
  for (const auto& [address, link] : links_) {
    link->timer.cancel();
    link->socket.close(ignored);
  }
  for (const auto& [key, weak] : inbounds_) {
    if (const auto inbound = weak.lock()) inbound->socket.close(ignored);
  }
}

void PeerNet::tick() {
  if (stopped_) return;
  std::vector<std::string> wanted;
  std::vector<std::string> mute;
  engine_.with([&](cluster::Node& node) {
    node.step(cluster::wall_now());
    wanted = node.peer_addresses();
    mute = node.mute_links();
  });
  for (const std::string& address : mute) {
    const auto it = links_.find(address);
    if (it != links_.end() && it->second->up) lost(it->second, LinkState::connecting, true);
  }
  for (const std::string& address : wanted) {
    auto& link = links_[address];
    if (link == nullptr) {
      link = std::make_shared<Link>(io_, address);
      dial(link);
    }
  }
  pump();
  timer_.expires_after(tick_);
  timer_.async_wait([this](const error_code& failed) {
    if (!failed) tick();
  });
}

void PeerNet::wake() {
  if (woken_.exchange(true)) return;
  asio::post(io_, [this] {
    woken_ = false;
    if (stopped_) return;
    engine_.with([](cluster::Node& node) { node.step(cluster::wall_now()); });
    pump();
  });
}

void PeerNet::pump() {
  const auto outbox = engine_.with([](cluster::Node& node) { return node.take_outbox(); });
  for (const cluster::Outgoing& out : outbox) {
    const auto it = links_.find(out.address);
    if (it == links_.end() || !it->second->up) continue;
    const auto& link = it->second;
    link->queue.push_back(frame(cluster::encode(out.message)));
    link->queued += link->queue.back().size();
    if (link->queued > kQueueBytesMax) {
      log_->warn("a peer takes nothing, closing the link peer={}", link->address);
      lost(link, LinkState::connecting, false);
      continue;
    }
    write(link);
  }
}

void PeerNet::dial(const std::shared_ptr<Link>& link) {
  if (stopped_) return;
  const auto colon = link->address.rfind(':');
  if (colon == std::string::npos) return lost(link, LinkState::refused, false);
  // A fresh socket: one that failed to connect cannot be used again everywhere.
  link->socket = tcp::socket(io_);
  resolver_.async_resolve(
      link->address.substr(0, colon), link->address.substr(colon + 1),
      [this, link](const error_code& failed, const tcp::resolver::results_type& found) {
        if (stopped_) return;
        if (failed) return lost(link, LinkState::refused, false);
        asio::async_connect(link->socket, found,
                            [this, link](const error_code& refused, const tcp::endpoint&) {
                              if (stopped_) return;
                              // Cut short by the timer below: silence, not a refusal.
                              const bool silent = refused == asio::error::operation_aborted;
                              if (silent) return lost(link, LinkState::connecting, false);
                              if (refused) return lost(link, LinkState::refused, false);
                              connected(link);
                            });
      });
  // A SYN that nobody answers is given up and sent anew: the kernel would wait longer
  // and longer between its own repeats.
  link->timer.expires_after(redial_ * 4);
  link->timer.async_wait([this, link](const error_code& cancelled) {
    if (cancelled || stopped_ || link->up) return;
    error_code ignored;
    link->socket.close(ignored);
  });
}

void PeerNet::connected(const std::shared_ptr<Link>& link) {
  error_code ignored;
  link->socket.set_option(tcp::no_delay(true), ignored);
  link->timer.cancel();
  link->up = true;
  link->queue.clear();
  link->queue.emplace_back(kPeerMagic);
  link->queued = kPeerMagic.size();
  log_->info("peer connected peer={}", link->address);
  engine_.with([&](cluster::Node& node) {
    node.link_changed(link->address, LinkState::up, cluster::wall_now());
    node.step(cluster::wall_now());
  });
  watch(link);
  write(link);
  pump();
}

// Nothing is ever said to us here; a read ends when the peer's process does.
void PeerNet::watch(const std::shared_ptr<Link>& link) {
  link->socket.async_read_some(
      asio::buffer(link->unexpected), [this, link](const error_code& failed, std::size_t) {
        if (failed == asio::error::operation_aborted || stopped_ || !link->up) return;
        if (failed) return lost(link, LinkState::connecting, true);
        watch(link);
      });
}

void PeerNet::lost(const std::shared_ptr<Link>& link, LinkState state, bool at_once) {
  if (link->up) log_->info("peer gone peer={}", link->address);
  link->up = false;
  link->writing = false;
  link->queue.clear();
  link->queued = 0;
  error_code ignored;
  link->socket.close(ignored);
  engine_.with(
      [&](cluster::Node& node) { node.link_changed(link->address, state, cluster::wall_now()); });
  if (at_once) return dial(link);
  link->timer.expires_after(redial_);
  link->timer.async_wait([this, link](const error_code& cancelled) {
    if (!cancelled) dial(link);
  });
}

void PeerNet::write(const std::shared_ptr<Link>& link) {
  if (link->writing || link->queue.empty() || !link->up) return;
  link->writing = true;
  asio::async_write(link->socket, asio::buffer(link->queue.front()),
                    [this, link](const error_code& failed, std::size_t) {
                      if (failed == asio::error::operation_aborted || stopped_ || !link->up) return;
                      if (failed) return lost(link, LinkState::connecting, true);
                      link->writing = false;
                      link->queued -= link->queue.front().size();
                      link->queue.pop_front();
                      write(link);
                    });
}

void PeerNet::adopt(int descriptor) {
  asio::post(io_, [this, descriptor] {
    auto inbound = std::make_shared<Inbound>(io_);
    error_code failed;
    inbound->socket.assign(tcp::v4(), descriptor, failed);
    if (failed || stopped_) return;
    std::erase_if(inbounds_, [](const auto& entry) { return entry.second.expired(); });
    if (inbounds_.size() >= kInboundMax) return;
    inbounds_[inbound.get()] = inbound;
    read_magic(inbound);
  });
}

void PeerNet::read_magic(const std::shared_ptr<Inbound>& inbound) {
  asio::async_read(inbound->socket, asio::buffer(inbound->magic),
                   [this, inbound](const error_code& failed, std::size_t) {
                     if (failed) return;
                     const std::string_view magic(inbound->magic.data(), inbound->magic.size());
                     if (magic == kPeerMagic) read_header(inbound);
                     if (magic == kControlMagic) read_control(inbound);
                   });
}

void PeerNet::read_header(const std::shared_ptr<Inbound>& inbound) {
  asio::async_read(inbound->socket, asio::buffer(inbound->header),
                   [this, inbound](const error_code& failed, std::size_t) {
                     if (failed) return;
                     std::size_t size = 0;
                     for (const unsigned char byte : inbound->header) size = size << 8U | byte;
                     if (size > cluster::kMessageBytesMax) {
                       log_->warn("a peer sent an oversized frame bytes={}", size);
                       return;
                     }
                     read_body(inbound, size);
                   });
}

void PeerNet::read_body(const std::shared_ptr<Inbound>& inbound, std::size_t size) {
  inbound->body.resize(size);
  asio::async_read(inbound->socket, asio::buffer(inbound->body),
                   [this, inbound](const error_code& failed, std::size_t) {
                     if (failed || stopped_) return;
                     const auto message = cluster::decode(inbound->body);
                     if (!message) {
                       log_->warn("a peer sent a malformed message peer={}", inbound->from);
                       return;
                     }
                     const auto* hello = std::get_if<cluster::Hello>(&*message);
                     if (hello != nullptr) inbound->from = hello->address;
                     if (inbound->from.empty()) return;  // The first message says who speaks.
                     engine_.with([&](cluster::Node& node) {
                       node.receive(inbound->from, *message, cluster::wall_now());
                     });
                     pump();
                     read_header(inbound);
                   });
}

void PeerNet::read_control(const std::shared_ptr<Inbound>& inbound) {
  asio::async_read_until(inbound->socket, asio::dynamic_buffer(inbound->line, kControlBytesMax),
                         '\n', [this, inbound](const error_code& failed, std::size_t size) {
                           if (failed || stopped_) return;
                           inbound->line = control_(inbound->line.substr(0, size)) + "\n";
                           pump();
                           asio::async_write(inbound->socket, asio::buffer(inbound->line),
                                             [inbound](const error_code&, std::size_t) {});
                         });
}

}  // namespace faultline::sim::host
