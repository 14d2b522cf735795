#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace faultline::stream {

// WebSocket framing of RFC 6455, server side, without extensions. By hand, because
// a library encodes per client: here one buffer, header included, serves them all.

enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

/// Why a connection is closed, as told to the other side.
enum class CloseCode : std::uint16_t {
  going_away = 1001,
  protocol_error = 1002,
  policy = 1008,
  too_big = 1009,
};

/// One whole message as it goes on the wire, shared by all who are sent it.
using Frame = std::shared_ptr<const std::string>;

/// Servers do not mask, so the bytes are the same for everybody.
[[nodiscard]] Frame encode(Opcode opcode, std::string_view payload);
[[nodiscard]] Frame encode_close(CloseCode code, std::string_view reason);

struct ClientMessage {
  Opcode opcode = Opcode::text;  ///< text, binary, close, ping or pong; fragments are joined.
  std::string payload;
};

/// Cuts a client's bytes into messages. Holds at most one message of the limit
/// and what it was last fed. One thread.
class FrameReader {
 public:
  /// A longer message is a violation, known from its header.
  explicit FrameReader(std::size_t message_max) : message_max_(message_max) {}

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  /// Empty when more bytes are needed, and for ever after a violation.
  [[nodiscard]] std::optional<ClientMessage> next();
  [[nodiscard]] std::optional<CloseCode> violation() const { return violation_; }

 private:
  struct Header {
    bool final = false;
    Opcode opcode = Opcode::text;
    std::size_t size = 0;  ///< Of the header itself.
    std::size_t payload = 0;
  };
  [[nodiscard]] std::optional<Header> read_header();
  [[nodiscard]] std::optional<CloseCode> judge(const Header& header, bool reserved,
                                               bool masked) const;

  std::size_t message_max_;
  std::string buffer_;
  std::optional<ClientMessage> fragments_;  // Begun and not yet final.
  std::optional<CloseCode> violation_;
};

}  // namespace faultline::stream
