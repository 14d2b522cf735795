#include "exporter/stream/stream_server.hpp"

#include <charconv>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "exporter/stream/gate.hpp"
#include "exporter/stream/http_session.hpp"
#include "exporter/stream/hub.hpp"
#include "exporter/stream/routes.hpp"
#include "exporter/stream/tls_pump.hpp"
#include "exporter/stream/web_config.hpp"

namespace faultline::stream {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr int kBacklog = 4096;  // What the kernel allows; thousands may come back at once.
constexpr milliseconds kAcceptPause{100};
constexpr std::size_t kLoginsMax = 16;  // Being checked; each is some 50 ms of work.

/// Not net::parse_endpoint, which is for dialling: nobody can dial port 0.
Result<tcp::endpoint> listen_endpoint(asio::io_context& io, const std::string& address) {
  const auto colon = address.rfind(':');
  std::string host = address.substr(0, colon == std::string::npos ? 0 : colon);
  const std::string port_text = colon == std::string::npos ? "" : address.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    host.clear();
  }
  std::uint16_t port = 0;
  const char* end = port_text.data() + port_text.size();
  const auto parsed = std::from_chars(port_text.data(), end, port);
  const bool everywhere = colon == 0;
  if ((host.empty() && !everywhere) || port_text.empty() || parsed.ec != std::errc{} ||
      parsed.ptr != end) {
    return Error{ErrorCode::invalid,
                 "--web.listen-address is \"" + address +
                     "\"; use host:port, as 127.0.0.1:8095, or :8095 for every address",
                 "--web.listen-address"};
  }
  if (everywhere) return tcp::endpoint{tcp::v6(), port};
  error_code error;
  tcp::resolver resolver{io};
  const auto found = resolver.resolve(host, port_text, tcp::resolver::passive, error);
  if (error || found.empty()) {
    return Error{ErrorCode::invalid,
                 "--web.listen-address is \"" + address + "\", a host that is not known here",
                 "--web.listen-address"};
  }
  return found.begin()->endpoint();
}

/// What the web config's file makes of the server.
struct Web {
  TlsContext tls;  // Null: in clear.
  std::shared_ptr<Gate> gate;
  std::map<std::string, std::string> headers;
};

Result<Web> read_web(const std::string& file) {
  WebConfig config;
  if (!file.empty()) {
    auto read = read_web_config(file);
    if (!read) return read.error();
    config = std::move(read).value();
  }
  Web web{nullptr, std::make_shared<Gate>(config.users), config.headers};
  if (config.tls) {
    auto tls = make_tls_context(*config.tls);
    if (!tls) return tls.error();
    web.tls = std::move(tls).value();
  }
  return web;
}

/// Between the board, which keeps its subscriber for ever, and a server that goes.
struct Link {
  Mailbox mailbox;
  std::mutex mutex;                // Guards io and hub; held to post, which does not wait.
  asio::io_context* io = nullptr;  // Null when the server is gone.
  Hub* hub = nullptr;
};

void deliver(const std::shared_ptr<Link>& link, const SnapshotPtr& snapshot,
             const std::vector<ClusterEvent>& events) {
  if (!link->mailbox.put(snapshot, events)) return;  // Somebody is on the way already.
  const std::lock_guard lock(link->mutex);
  if (link->io == nullptr) return;
  asio::post(*link->io, [link] {
    // On the server's thread, which ends before hub does.
    link->hub->broadcast(link->mailbox);
  });
}

}  // namespace

class StreamServer::Impl {
 public:
  Impl(StreamOptions options, observe::SnapshotBoard& board, RenderMetrics render_metrics,
       Logger log, Clusters clusters)
      : options_(std::move(options)),
        log_(log),
        clusters_(std::move(clusters)),
        routes_(
            options_, board, std::move(render_metrics), [this] { return stats(); }, log,
            [this] { return reload(); }, clusters_),
        hub_(io_, options_, board, counters_, log) {}

  ~Impl() {
    hasher_.join();
    {
      const std::lock_guard lock(link_->mutex);
      link_->io = nullptr;
    }
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      hub_.say_goodbye();
      io_.stop();
    });
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status listen() {
    auto web = read_web(options_.web_config_file);
    if (!web) return web.error();
    web_ = std::move(web).value();
    with_tls_ = web_.tls != nullptr;
    const auto endpoint = listen_endpoint(io_, options_.listen_address);
    if (!endpoint) return endpoint.error();
    auto error = open(*endpoint);
    // Of a machine without IPv6 every address is one of the other kind.
    const bool everywhere = options_.listen_address.starts_with(':');
    if (everywhere && error && error != asio::error::address_in_use) {
      error = open({tcp::v4(), endpoint->port()});
    }
    if (error) {
      return Error{ErrorCode::unavailable,
                   "cannot listen on --web.listen-address " + options_.listen_address + ": " +
                       error.message(),
                   "--web.listen-address"};
    }
    port_ = acceptor_.local_endpoint().port();
    return kDone;
  }

  void start(observe::SnapshotBoard& board) {
    link_->io = &io_;
    link_->hub = &hub_;
    board.subscribe(
        [link = link_](const SnapshotPtr& snapshot, const std::vector<ClusterEvent>& events) {
          deliver(link, snapshot, events);
        });
    if (const SnapshotPtr latest = board.latest()) deliver(link_, latest, {});
    accept();
    thread_ = std::jthread{[this] { run(); }};
  }

  Status reload() {
    auto web = read_web(options_.web_config_file);
    if (!web) return web.error();
    if ((web->tls != nullptr) != with_tls_) {
      return Error{ErrorCode::invalid,
                   "--web.config.file: tls_server_config cannot come or go while the server runs; "
                   "start it anew",
                   "--web.config.file"};
    }
    if (clusters_.read_targets) {
      const auto set_targets = clusters_.read_targets();
      if (!set_targets) return set_targets.error();
      (*set_targets)();
    }
    asio::post(io_, [this, fresh = std::move(web).value()] { web_ = fresh; });
    return kDone;
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] StreamStats stats() const {
    return {.clients = counters_.clients,
            .dropped_total = counters_.dropped,
            .messages_total = counters_.messages,
            .bytes_total = counters_.bytes};
  }

 private:
  error_code open(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor_.close(error);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && endpoint.address() == asio::ip::address_v6::any()) {
      acceptor_.set_option(asio::ip::v6_only(false), error);  // Whatever the system's default is.
    }
    // Accepted sockets inherit it.
    const asio::socket_base::send_buffer_size send_buffer(options_.send_buffer_bytes);
    if (!error) acceptor_.set_option(send_buffer, error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(kBacklog, error);
    return error;
  }

  void run() {
    while (!io_.stopped()) {
      try {
        io_.run();
      } catch (const std::exception& error) {
        // One connection's trouble, such as no memory for it; the others go on.
        log_->error("stream handler failed error={}", error.what());
      }
    }
  }

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (error) return pause_accepting(error);
      accept_failing_ = false;
      if (*open_ < options_.connections_max) serve(std::move(socket));
      accept();
    });
  }

  void serve(tcp::socket socket) {
    ConnectionSlot slot{open_};
    if (!web_.tls) return serve_http(std::move(socket), std::move(slot), context_);
    serve_tls(std::move(socket), std::move(slot), web_.tls,
              {options_.header_max, 3 * options_.write_max},
              [this](tcp::socket clear, ConnectionSlot passed_on) {
                serve_http(std::move(clear), std::move(passed_on), context_);
              });
  }

  bool check_login(std::string authorization, std::function<void(bool)> answer) {
    if (logins_ >= kLoginsMax) return false;
    ++logins_;
    asio::post(hasher_, [this, gate = web_.gate, text = std::move(authorization),
                         tell = std::move(answer)]() mutable {
      const bool right = gate->check(text);
      asio::post(io_, [this, right, tell = std::move(tell)] {
        --logins_;
        tell(right);
      });
    });
    return true;
  }

  /// Out of file descriptors, most likely: to try at once again would only spin.
  void pause_accepting(const error_code& error) {
    if (!accept_failing_) log_->warn("cannot accept error={}", error.message());
    accept_failing_ = true;
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](const error_code& cancelled) {
      if (!cancelled) accept();
    });
  }

  StreamOptions options_;
  Logger log_;
  const Clusters clusters_;
  Counters counters_;
  std::shared_ptr<Link> link_ = std::make_shared<Link>();
  std::shared_ptr<std::size_t> open_ = std::make_shared<std::size_t>(0);
  Routes routes_;
  asio::io_context io_{1};
  Hub hub_;
  HttpContext context_{
      .options = options_,
      .routes = routes_,
      .upgraded =
          [this](tcp::socket socket, ConnectionSlot slot, Protocol protocol,
                 std::string_view unread) {
            hub_.join(std::move(socket), std::move(slot), protocol, unread);
          },
      .stream_clients = [this] { return static_cast<std::size_t>(counters_.clients); },
      .headers = [this]() -> const std::map<std::string, std::string>& { return web_.headers; },
      .knows = [this](std::string_view authorization) { return web_.gate->knows(authorization); },
      .check =
          [this](std::string authorization, std::function<void(bool)> answer) {
            return check_login(std::move(authorization), std::move(answer));
          }};
  Web web_;                 // The server's thread, once it runs.
  bool with_tls_ = false;   // As at the start.
  std::size_t logins_ = 0;  // Being checked.
  tcp::acceptor acceptor_{io_};
  asio::steady_timer pause_{io_};
  bool accept_failing_ = false;
  std::uint16_t port_ = 0;
  asio::thread_pool hasher_{1};  // Checks logins; idle unless there are some.
  std::jthread thread_;          // Last: the others outlive it.
};

Result<std::unique_ptr<StreamServer>> StreamServer::create(StreamOptions options,
                                                           observe::SnapshotBoard& board,
                                                           RenderMetrics render_metrics, Logger log,
                                                           Clusters clusters) {
  const auto path = check_telemetry_path(options.telemetry_path);
  if (!path) return path.error();
  auto impl = std::make_unique<Impl>(std::move(options), board, std::move(render_metrics),
                                     std::move(log), std::move(clusters));
  const auto listening = impl->listen();
  if (!listening) return listening.error();
  impl->start(board);
  return std::unique_ptr<StreamServer>{new StreamServer{std::move(impl)}};
}

StreamServer::StreamServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StreamServer::~StreamServer() = default;

Status StreamServer::reload() { return impl_->reload(); }
std::uint16_t StreamServer::port() const { return impl_->port(); }
StreamStats StreamServer::stats() const { return impl_->stats(); }

}  // namespace faultline::stream
