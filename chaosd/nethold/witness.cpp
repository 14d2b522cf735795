#include "chaosd/nethold/witness.hpp"

#include <cstdint>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace faultline::nethold {

int begin_connection(const std::string& address, int port, std::uint32_t mark) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const auto in_order = htons(static_cast<std::uint16_t>(port));
  const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) return -1;
  const int socket =
      ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  if (mark != 0) ::setsockopt(socket, SOL_SOCKET, SO_MARK, &mark, sizeof mark);
  v4.sin_family = AF_INET;
  v4.sin_port = in_order;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = in_order;
  // Whether it comes about does not matter; that it was sent does.
  if (is_v4) {
    (void)!::connect(socket, reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  } else {
    (void)!::connect(socket, reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return socket;
}

Witnesses::Witnesses(const std::vector<std::string>& addresses, int port) {
  for (const auto& address : addresses) {
    if (const int socket = begin_connection(address, port); socket >= 0) sockets_.push_back(socket);
  }
}

Witnesses::~Witnesses() {
  for (const int socket : sockets_) ::close(socket);
}

}  // namespace faultline::nethold
