#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "bench/stream/shared.hpp"
#include "common/base/ensure.hpp"
#include "exporter/stream/publication.hpp"
#include "exporter/stream/stream_server.hpp"
#include "tests/unit/exporter/stream_samples.hpp"

namespace faultline::bench {

namespace {

constexpr int kNodes = 4;  // A snapshot of 4 KB.

double cpu_now() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long rss_kb() {
  std::ifstream file{"/proc/self/statm"};
  long size = 0;
  long resident = 0;
  file >> size >> resident;
  return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

void pause_until(SteadyTime time) { std::this_thread::sleep_until(time); }

/// Waits for all readers, calls `send` with each seq in its turn, measures.
template <class Send>
SenderFigures paced(const Load& load, Shared& shared, Send send) {
  while (shared.greeted < load.clients) {
    pause_until(std::chrono::steady_clock::now() + milliseconds{10});
  }
  const double begin = cpu_now();
  auto next = std::chrono::steady_clock::now();
  for (int seq = 1; seq <= load.messages; ++seq) {
    next += milliseconds{load.period_ms};
    pause_until(next);
    shared.sent_at_us[static_cast<std::size_t>(seq)] = now_us();
    send(seq);
  }
  pause_until(next + milliseconds{500});  // The last one is on its way.
  const SenderFigures figures{.cpu_s = cpu_now() - begin, .rss_kb = rss_kb()};
  shared.over = true;
  return figures;
}

ClusterSnapshot snapshot_of(int seq) { return stream::sample_snapshot(seq, kNodes); }

SenderFigures send_in_a_loop(const Load& load, Shared& shared) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  FAULTLINE_ENSURE(::bind(listener, generic, length) == 0 && ::listen(listener, 4096) == 0 &&
                       ::getsockname(listener, generic, &length) == 0,
                   "loopback has a free port");
  shared.port = ntohs(address.sin_port);
  std::vector<int> sockets;
  for (int i = 0; i < load.clients; ++i) {
    sockets.push_back(::accept(listener, nullptr, nullptr));
    const int on = 1;
    ::setsockopt(sockets.back(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  const auto figures = paced(load, shared, [&](int seq) {
    const stream::Publication publication{stream::share(snapshot_of(seq)), {}, nullptr};
    const std::string& frame = *publication.bare();
    for (const int socket : sockets) {
      const auto sent = ::send(socket, frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      FAULTLINE_ENSURE(sent == static_cast<ssize_t>(frame.size()), "the readers keep up");
    }
  });
  for (const int socket : sockets) ::close(socket);
  ::close(listener);
  return figures;
}

SenderFigures send_by_the_stream(const Load& load, Shared& shared) {
  observe::SnapshotBoard board;
  stream::StreamOptions options;
  options.listen_address = "127.0.0.1:0";
  const auto server = stream::StreamServer::create(
      options, board,
      [](const stream::StreamStats&, const stream::Collect&) { return std::string{}; },
      make_logger("bench"));
  FAULTLINE_ENSURE(server, "loopback has a free port");
  board.publish(stream::share(snapshot_of(0)), {});
  shared.port = (*server)->port();
  return paced(load, shared, [&](int seq) { board.publish(stream::share(snapshot_of(seq)), {}); });
}

}  // namespace

SenderFigures send_all(Kind kind, const Load& load, Shared& shared) {
  return kind == Kind::loop ? send_in_a_loop(load, shared) : send_by_the_stream(load, shared);
}

}  // namespace faultline::bench
