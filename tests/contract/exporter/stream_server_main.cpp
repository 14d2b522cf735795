// The real stream server on a free port, fed with made-up snapshots: prints its
// port, publishes one snapshot per line of stdin, ends with it. For stream_check.py.

#include <cstdio>
#include <random>
#include <string>

#include "exporter/stream/stream_server.hpp"
#include "tests/unit/exporter/stream_samples.hpp"

int main() {
  using namespace faultline;
  observe::SnapshotBoard board;
  stream::StreamOptions options;
  options.listen_address = "127.0.0.1:0";
  options.server = "faultline-exporter 0.1.0";
  options.boot = "b-test";
  options.heartbeat = milliseconds{300};
  const auto server = stream::StreamServer::create(
      options, board,
      [](const stream::StreamStats&, const stream::Collect&) { return std::string{"up 1\n"}; },
      make_logger("contract"));
  if (!server) return 1;
  std::printf("%d\n", (*server)->port());
  std::fflush(stdout);
  std::mt19937 random{1};
  ClusterSnapshot snapshot = stream::sample_snapshot(0, 5);
  while (std::getchar() == '\n') {
    snapshot = stream::changed(std::move(snapshot), random);
    board.publish(stream::share(snapshot), {stream::sample_event(snapshot.seq)});
  }
  return 0;
}
