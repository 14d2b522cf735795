#include "tests/unit/exporter/stream_peer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace faultline::stream {

std::string masked_frame(unsigned first, std::string_view payload) {
  constexpr std::string_view kMask = "\x11\x22\x33\x44";
  std::string frame{static_cast<char>(first)};
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(0x80U | payload.size()));
  } else {
    frame.push_back(static_cast<char>(0x80U | 126U));
    frame.push_back(static_cast<char>(payload.size() >> 8U));
    frame.push_back(static_cast<char>(payload.size() & 0xFFU));
  }
  frame.append(kMask);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame.push_back(static_cast<char>(payload[i] ^ kMask[i % 4]));
  }
  return frame;
}

Peer::Peer(std::uint16_t port, int receive_buffer) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (receive_buffer > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const timeval limit{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

Peer::~Peer() { ::close(socket_); }

void Peer::send(std::string_view bytes) const {
  static_cast<void>(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

void Peer::hang_up_sending() const { ::shutdown(socket_, SHUT_WR); }

bool Peer::fill() {
  std::array<char, 65536> bytes{};
  const auto count = ::recv(socket_, bytes.data(), bytes.size(), 0);
  EXPECT_FALSE(count < 0 && errno == EAGAIN) << "nothing came within 5 s";
  if (count <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

bool Peer::at_end() { return buffer_.empty() && !fill(); }

std::string Peer::Answer::operator[](std::string_view name) const {
  const std::string wanted = "\r\n" + std::string{name} + ": ";
  const auto at = header.find(wanted);
  if (at == std::string::npos) return {};
  const auto from = at + wanted.size();
  return header.substr(from, header.find("\r\n", from) - from);
}

Peer::Answer Peer::read_answer(bool bodiless) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  Answer answer;
  answer.header = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  answer.status = std::stoi(answer.header.substr(answer.header.find(' ') + 1));
  const std::string length = answer["Content-Length"];
  if (bodiless || length.empty()) return answer;
  while (buffer_.size() < std::stoul(length) && fill()) {
  }
  answer.body = buffer_.substr(0, std::stoul(length));
  buffer_.erase(0, answer.body.size());
  return answer;
}

Peer::Answer Peer::get(const std::string& path, const std::string& more_headers) {
  send("GET " + path + " HTTP/1.1\r\nHost: localhost:8095\r\n" + more_headers + "\r\n");
  return read_answer();
}

Peer::Answer Peer::upgrade(const std::string& more_headers) {
  send(
      "GET /ws HTTP/1.1\r\nHost: localhost:8095\r\nConnection: keep-alive, Upgrade\r\n"
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      more_headers + "\r\n");
  return read_answer();
}

unsigned Peer::Message::close_code() const {
  if (opcode != 8 || payload.size() < 2) return 0;
  return static_cast<unsigned>(static_cast<std::uint8_t>(payload[0])) << 8U |
         static_cast<std::uint8_t>(payload[1]);
}

std::optional<Peer::Message> Peer::read_message() {
  const auto need = [this](std::size_t count) {
    while (buffer_.size() < count) {
      if (!fill()) return false;
    }
    return true;
  };
  const auto byte = [this](std::size_t at) { return static_cast<std::uint8_t>(buffer_[at]); };
  if (!need(2)) return std::nullopt;
  std::size_t size = byte(1);
  EXPECT_LT(size, 128U) << "a server must not mask";
  std::size_t header = 2;
  if (const std::size_t extended = size == 127 ? 8 : size == 126 ? 2 : 0; extended > 0) {
    if (!need(2 + extended)) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < extended; ++i) size = size << 8U | byte(2 + i);
    header += extended;
  }
  if (!need(header + size)) return std::nullopt;
  EXPECT_EQ(byte(0) & 0xF0U, 0x80U) << "whole messages, no extension";
  Message message{byte(0) & 0x0FU, buffer_.substr(header, size)};
  buffer_.erase(0, header + size);
  return message;
}

std::string Peer::read_frame(const std::string& type) {
  while (const auto message = read_message()) {
    if (message->opcode != 1) continue;
    const auto frame = nlohmann::json::parse(message->payload, nullptr, false);
    if (frame.value("type", "") == type) return message->payload;
  }
  ADD_FAILURE() << "the connection ended before a frame of type " << type;
  return "{}";
}

}  // namespace faultline::stream
