#include "chaosd/nethold/relay_connection.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/epoll.h>
#include <sys/socket.h>

namespace faultline::nethold {

namespace {

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

RelayConnection::RelayConnection(Descriptor client, Descriptor server, Lateness late,
                                 RelayPool& pool, std::uint32_t seed)
    : client_(std::move(client), late, pool, seed),
      server_(std::move(server), late, pool, seed + 1) {
  server_.connecting = true;
}

void RelayConnection::receive(Side& from, bool to_the_end, RelayTime now) {
  std::array<char, DelayLine::kPiece> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  while (!from.sent.ended() && (to_the_end || from.sent.has_room())) {
    const auto read = ::recv(from.socket.get(), bytes.data(), bytes.size(), 0);
    if (read > 0) {
      from.sent.push(now, {bytes.data(), static_cast<std::size_t>(read)});
      if (!to_the_end) return;  // The others' turn; epoll says again that there is more.
      continue;
    }
    if (read < 0 && would_block()) return;
    if (read < 0) from.deaf = true;
    return from.sent.end(now);
  }
}

void RelayConnection::look(RelayEnd end, std::uint32_t events, RelayTime now) {
  Side& side = end == RelayEnd::client ? client_ : server_;
  if (side.connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(side.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    refused_ = error != 0;
    side.connecting = false;
    return;
  }
  if ((events & EPOLLOUT) != 0) side.full = false;
  const bool broken = (events & (EPOLLHUP | EPOLLERR)) != 0;
  // What a broken one has said still arrives: maybe it is the reason.
  if (broken || (events & EPOLLIN) != 0) receive(side, broken, now);
  if (!broken) return;
  side.sent.end(now);
  side.deaf = true;
  side.silent = true;
}

void RelayConnection::hand_over(Side& from, Side& to, RelayTime now) {
  while (!to.deaf && !to.connecting && !to.full) {
    const auto due = from.sent.due(now);
    if (due.empty()) break;
    const auto sent = ::send(to.socket.get(), due.data(), due.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      from.sent.take(static_cast<std::size_t>(sent));
    } else if (would_block()) {
      to.full = true;
    } else {
      to.deaf = true;
    }
  }
  if (to.deaf || to.connecting || !from.sent.over(now)) return;
  ::shutdown(to.socket.get(), SHUT_WR);
  to.deaf = true;
}

void RelayConnection::pass(RelayTime now) {
  hand_over(client_, server_, now);
  hand_over(server_, client_, now);
}

void RelayConnection::cut() {
  const linger at_once{1, 0};
  for (Side* side : {&client_, &server_}) {
    ::setsockopt(side->socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    side->socket.reset();
  }
}

bool RelayConnection::over() const { return client_.deaf && server_.deaf; }

std::optional<RelayTime> RelayConnection::next() const {
  std::optional<RelayTime> soonest;
  for (const auto& [from, to] : {std::pair{&client_, &server_}, std::pair{&server_, &client_}}) {
    if (to->deaf || to->connecting || to->full) continue;
    const auto one = from->sent.next();
    if (one && (!soonest || *one < *soonest)) soonest = one;
  }
  return soonest;
}

std::uint32_t RelayConnection::interest(RelayEnd end) const {
  const Side& one = side(end);
  const Side& other = side(end == RelayEnd::client ? RelayEnd::server : RelayEnd::client);
  std::uint32_t events = 0;
  if (!one.connecting && !other.deaf && one.sent.has_room()) events |= EPOLLIN;
  if (one.connecting || (one.full && !one.deaf)) events |= EPOLLOUT;
  return events;
}

std::size_t RelayConnection::held() const { return client_.sent.held() + server_.sent.held(); }

}  // namespace faultline::nethold
