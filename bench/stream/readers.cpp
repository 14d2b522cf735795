#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/stream/shared.hpp"
#include "common/base/clock.hpp"
#include "common/base/ensure.hpp"

namespace faultline::bench {

namespace {

constexpr std::string_view kRequest =
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// One client's end: what came and is not yet a whole message.
struct Reader {
  int socket = -1;
  bool upgraded = false;
  bool greeted = false;
  std::string rest;
};

/// All the clients of one run. Cheap per message, so that the sender's side is
/// what is measured: no JSON is parsed, only the seq looked for.
class Readers {
 public:
  Readers(Kind kind, const Load& load, Shared& shared)
      : shared_(shared), upgrades_(kind != Kind::loop), greeting_(kind == Kind::loop) {
    latencies_us_.reserve(static_cast<std::size_t>(load.clients) *
                          static_cast<std::size_t>(load.messages));
    while (shared_.port == 0) std::this_thread::yield();
    readers_.resize(static_cast<std::size_t>(load.clients));
    for (std::size_t i = 0; i < readers_.size(); ++i) connect(i, kind);
  }
  ~Readers() {
    for (const Reader& reader : readers_) ::close(reader.socket);
    ::close(epoll_);
  }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  ReaderFigures run() {
    std::vector<epoll_event> events(512);
    std::string bytes(1U << 16U, '\0');
    for (;;) {
      const bool over = shared_.over;
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      if (over && count == 0) return figures();
      for (int i = 0; i < count; ++i) {
        Reader& reader = readers_[events[static_cast<std::size_t>(i)].data.u64];
        const auto size = ::recv(reader.socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (size > 0)
          take(reader, std::string_view{bytes}.substr(0, static_cast<std::size_t>(size)));
        if (size == 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, reader.socket, nullptr);
      }
    }
  }

 private:
  void connect(std::size_t index, Kind kind) {
    Reader& reader = readers_[index];
    reader.socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(shared_.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FAULTLINE_ENSURE(
        ::connect(reader.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
        "the sender listens");
    if (upgrades_) {
      std::string request{kRequest};
      if (kind == Kind::v1) request += "Sec-WebSocket-Protocol: faultline.v1\r\n";
      request += "\r\n";
      FAULTLINE_ENSURE(::send(reader.socket, request.data(), request.size(), 0) > 0,
                       "a new connection takes a request");
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, reader.socket, &event);
    reader.upgraded = !upgrades_;
    if (greeting_) ++shared_.greeted;
  }

  void take(Reader& reader, std::string_view bytes) {
    if (!reader.rest.empty()) {
      reader.rest.append(bytes);
      bytes = reader.rest;
    }
    std::size_t used = 0;
    if (!reader.upgraded) {
      const auto end = bytes.find("\r\n\r\n");
      if (end != std::string_view::npos) {
        reader.upgraded = true;
        used = end + 4;
      }
    }
    while (reader.upgraded) {
      const std::size_t size = frame_size(bytes.substr(used));
      if (size == 0) break;
      on_message(reader, bytes.substr(used, size));
      used += size;
    }
    reader.rest = std::string{bytes.substr(used)};
  }

  /// Of the whole frame at the front; 0 when it is not all there.
  static std::size_t frame_size(std::string_view bytes) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
    if (bytes.size() < 4) return 0;
    std::size_t size = 2U + byte(1);
    if (byte(1) == 126) size = 4U + (static_cast<std::size_t>(byte(2)) << 8U | byte(3));
    FAULTLINE_ENSURE(byte(1) != 127, "this bench sends less than 64 KB");
    return bytes.size() < size ? 0 : size;
  }

  void on_message(Reader& reader, std::string_view frame) {
    const auto at = frame.find("\"seq\":");
    const auto seq = static_cast<std::size_t>(std::atoll(frame.substr(at + 6).data()));
    if (seq == 0) {
      // The greeting: hello and the snapshot that was there, or only the latter.
      const bool last = frame.find("\"type\":\"hello\"") == std::string_view::npos;
      if (last && !reader.greeted) ++shared_.greeted;
      reader.greeted = reader.greeted || last;
      return;
    }
    ++figures_.messages;
    figures_.bytes += static_cast<std::int64_t>(frame.size());
    latencies_us_.push_back(now_us() - shared_.sent_at_us.at(seq));
  }

  ReaderFigures figures() {
    if (latencies_us_.empty()) return figures_;
    std::sort(latencies_us_.begin(), latencies_us_.end());
    const auto at = [&](double share) {
      const auto last = static_cast<double>(latencies_us_.size() - 1);
      return static_cast<double>(latencies_us_[static_cast<std::size_t>(share * last)]) / 1000;
    };
    figures_.p50_ms = at(0.5);
    figures_.p99_ms = at(0.99);
    figures_.max_ms = at(1);
    return figures_;
  }

  Shared& shared_;
  bool upgrades_;
  bool greeting_;
  int epoll_ = ::epoll_create1(0);
  std::vector<Reader> readers_;
  std::vector<std::int64_t> latencies_us_;
  ReaderFigures figures_;
};

}  // namespace

ReaderFigures read_all(Kind kind, const Load& load, Shared& shared) {
  return Readers{kind, load, shared}.run();
}

}  // namespace faultline::bench
