#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace faultline::bench {

inline constexpr std::size_t kMessagesMax = 4096;

/// What is sent to whom, and how often.
struct Load {
  int clients = 1000;
  int messages = 100;
  int period_ms = 100;
};

enum class Kind : std::uint8_t {
  loop,  ///< A bare loop of non-blocking sends, the measure for the others.
  bare,  ///< The stream without subprotocol.
  v1,    ///< The stream with deltas.
};

/// Memory that the sending and the reading process both see.
struct Shared {
  std::atomic<int> port{0};
  std::atomic<int> greeted{0};  ///< Readers that are ready for the first message.
  std::atomic<bool> over{false};
  std::array<std::atomic<std::int64_t>, kMessagesMax> sent_at_us{};  ///< By seq.
};

/// One clock for both processes.
[[nodiscard]] inline std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct SenderFigures {
  double cpu_s = 0;
  long rss_kb = 0;
};

struct ReaderFigures {
  std::int64_t messages = 0;
  std::int64_t bytes = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
};

/// In a process of its own: waits for all clients, sends, measures itself.
[[nodiscard]] SenderFigures send_all(Kind kind, const Load& load, Shared& shared);
/// In a process of its own: all the clients, until the sender is done.
[[nodiscard]] ReaderFigures read_all(Kind kind, const Load& load, Shared& shared);

}  // namespace faultline::bench
