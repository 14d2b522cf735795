#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::stream {

/// A frame as a client sends it: masked. `first` is the first byte, flags and all.
[[nodiscard]] std::string masked_frame(unsigned first, std::string_view payload);

/// The other end of a connection, in the plainest way: bytes in, bytes out, and
/// every wait is over within 5 s. No library, so that the server's own one is
/// checked against something else.
class Peer {
 public:
  /// With `receive_buffer`, the kernel holds no more than about that for us.
  explicit Peer(std::uint16_t port, int receive_buffer = 0);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void send(std::string_view bytes) const;
  void hang_up_sending() const;

  struct Answer {
    int status = 0;
    std::string header;
    std::string body;
    /// The value of that header; empty when there is none.
    [[nodiscard]] std::string operator[](std::string_view name) const;
  };
  /// One HTTP answer; `bodiless` for the answer to a HEAD.
  [[nodiscard]] Answer read_answer(bool bodiless = false);
  /// GET `path`, kept alive.
  [[nodiscard]] Answer get(const std::string& path, const std::string& more_headers = {});

  /// Becomes a WebSocket; the answer is the 101 or why not.
  [[nodiscard]] Answer upgrade(const std::string& more_headers = {});

  struct Message {
    unsigned opcode = 0;
    std::string payload;
    [[nodiscard]] unsigned close_code() const;
  };
  /// The next message. Empty when the connection is over instead.
  [[nodiscard]] std::optional<Message> read_message();
  /// Skips until a message whose JSON has "type" == type.
  [[nodiscard]] std::string read_frame(const std::string& type);
  void say(std::string_view text) const { send(masked_frame(0x81, text)); }
  /// Whether the other side has closed.
  [[nodiscard]] bool at_end();

 private:
  bool fill();  // False at the end.

  int socket_;
  std::string buffer_;
};

}  // namespace faultline::stream
