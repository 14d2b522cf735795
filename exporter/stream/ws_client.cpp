#include "exporter/stream/ws_client.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/wire/frame_json.hpp"
#include "exporter/stream/hub.hpp"

namespace faultline::stream {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// To read a goodbye and hang up.
constexpr std::chrono::seconds kCloseMax{2};

void set_option(tcp::socket& socket, int level, int name, int value) {
  // Not all kernels know all of them, and none is needed to be correct.
  static_cast<void>(::setsockopt(socket.native_handle(), level, name, &value, sizeof value));
}

}  // namespace

WsClient::WsClient(tcp::socket socket, ConnectionSlot slot, Protocol protocol, Hub& hub)
    : socket_(std::move(socket)),
      slot_(std::move(slot)),
      protocol_(protocol),
      hub_(hub),
      outbox_(protocol, hub.options().events_max) {
  set_option(socket_, IPPROTO_TCP, TCP_NODELAY, 1);
  // A machine that vanished says nothing and takes nothing: the kernel's own limit
  // would be a quarter of an hour.
  set_option(socket_, IPPROTO_TCP, TCP_USER_TIMEOUT,
             static_cast<int>(2 * hub.options().write_max.count()));
}

void WsClient::start(std::string_view unread) {
  reader_.feed(unread);
  await_reading();
  if (!unread.empty()) read();
}

void WsClient::offer(const Publication& publication) {
  if (gone()) return;
  if (!outbox_.offer(publication)) return drop("too many events are waiting");
  flush();
}

void WsClient::offer_whole(const Publication& publication) {
  if (gone()) return;
  outbox_.offer_whole(publication);
  flush();
}

void WsClient::offer_news(const Frame& frame) {
  if (gone()) return;
  if (!outbox_.offer_news(frame)) return drop("too many events are waiting");
  flush();
}

void WsClient::close(const Frame& last) {
  if (gone() || outbox_.closing()) return;
  outbox_.close_with(last);
  closing_since_ = std::chrono::steady_clock::now();
  flush();
}

void WsClient::look_after(SteadyTime now) {
  if (gone()) return;
  if (closing_since_ && now - *closing_since_ > kCloseMax) return hang_up();
  const auto stalled = outbox_.stalled_since();
  if (stalled && now - *stalled > hub_.options().write_max) drop("it reads nothing");
}

void WsClient::flush() {
  while (!outbox_.empty() && !awaiting_room_) {
    const std::string_view bytes = outbox_.unsent();
    const auto taken =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (taken >= 0) {
      hub_.count_sent(static_cast<std::size_t>(taken),
                      outbox_.sent(static_cast<std::size_t>(taken)));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return hang_up();
    outbox_.stalled(std::chrono::steady_clock::now());
    awaiting_room_ = true;
    socket_.async_wait(tcp::socket::wait_write,
                       [self = shared_from_this()](const error_code& error) {
                         self->awaiting_room_ = false;
                         if (!error) self->flush();
                       });
  }
  if (outbox_.closing() && outbox_.empty()) {
    error_code ignored;  // Whether it can still be told does not matter.
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
}

void WsClient::await_reading() {
  if (gone()) return;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    if (error) return;
    self->read();
    self->await_reading();
  });
}

void WsClient::read() {
  // Once per readiness, so that a client that talks without end holds up nobody.
  std::array<char, kMessageMax> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const auto count = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
    return hang_up();
  }
  if (outbox_.closing()) return;  // Thrown away: only the end is waited for.
  if (count > 0) reader_.feed({bytes.data(), static_cast<std::size_t>(count)});
  while (!gone() && !outbox_.closing()) {
    const auto message = reader_.next();
    if (!message) break;
    handle(*message);
  }
  if (reader_.violation() && !gone()) {
    const bool too_big = *reader_.violation() == CloseCode::too_big;
    close(encode_close(*reader_.violation(),
                       too_big ? "messages may have 4096 bytes" : "not the WebSocket protocol"));
  }
}

void WsClient::handle(const ClientMessage& message) {
  switch (message.opcode) {
    case Opcode::text: return handle_text(message.payload);
    case Opcode::ping: return offer_news(encode(Opcode::pong, message.payload));
    case Opcode::pong: return;
    case Opcode::close: return close(encode(Opcode::close, message.payload.substr(0, 2)));
    case Opcode::binary:
    case Opcode::continuation: break;
  }
  close(encode_close(CloseCode::policy, "messages are text"));
}

void WsClient::handle_text(const std::string& text) {
  if (protocol_ == Protocol::bare) {
    return close(encode_close(CloseCode::policy, "ask for subprotocol faultline.v1 to talk"));
  }
  const auto request = wire::read_client_request(text);
  if (!request) return close(encode_close(CloseCode::policy, request.error().message));
  switch (*request) {
    case wire::ClientRequest::ping: return offer_news(hub_.heartbeat());
    case wire::ClientRequest::resync: break;
  }
  if (const Publication* current = hub_.current()) offer_whole(*current);
}

void WsClient::drop(std::string_view why) {
  hub_.count_dropped(why);
  // What the kernel still holds for it goes as well.
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  hang_up();
}

void WsClient::hang_up() {
  if (gone()) return;
  error_code ignored;
  socket_.close(ignored);
  hub_.left();
}

}  // namespace faultline::stream
