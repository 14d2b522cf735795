#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace faultline::nethold {

using RelayTime = std::chrono::steady_clock::time_point;

/// How late bytes arrive: `delay`, give or take `jitter`, and never before they were sent.
struct Lateness {
  std::chrono::microseconds delay{0};
  std::chrono::microseconds jitter{0};
};

/// What all lines of one relay may hold beyond their own `kEnough`.
struct RelayPool {
  static constexpr std::size_t kMost = std::size_t{24} << 20U;
  std::size_t used = 0;
};

/// Bytes of one direction of one connection that are under way. What goes in first comes
/// out first, however the jitter falls, and the end of the stream comes last. Holds no
/// more than has_room() lets in: who does not look is not stopped, but overfills it.
class DelayLine {
 public:
  /// A line may always hold this, so that one slow reader never stops the others.
  static constexpr std::size_t kEnough = std::size_t{8} << 10U;
  static constexpr std::size_t kMost = std::size_t{256} << 10U;
  static constexpr std::size_t kPiece = std::size_t{16} << 10U;  ///< In one push, at most.

  /// `pool` outlives this.
  DelayLine(Lateness late, RelayPool& pool, std::uint32_t seed)
      : late_(late), pool_(pool), random_(seed) {}
  ~DelayLine();
  DelayLine(const DelayLine&) = delete;
  DelayLine& operator=(const DelayLine&) = delete;

  [[nodiscard]] bool has_room() const;
  void push(RelayTime now, std::string_view bytes);
  /// No byte comes after this.
  void end(RelayTime now);

  /// What is due and was not taken yet; empty: nothing. Valid until the next call.
  [[nodiscard]] std::string_view due(RelayTime now) const;
  /// So many bytes of due() have left.
  void take(std::size_t bytes);
  /// The stream has ended, its end is due, and all bytes have left.
  [[nodiscard]] bool over(RelayTime now) const;
  [[nodiscard]] bool ended() const { return end_.has_value(); }
  /// When something is due next; nothing is under way: empty.
  [[nodiscard]] std::optional<RelayTime> next() const;
  [[nodiscard]] std::size_t held() const { return held_; }

 private:
  struct Piece {
    RelayTime due;
    std::string bytes;
  };
  [[nodiscard]] RelayTime arrival(RelayTime now);
  void count(std::size_t held);

  Lateness late_;
  RelayPool& pool_;
  std::minstd_rand random_;
  std::deque<Piece> pieces_;
  std::size_t gone_ = 0;  ///< Of the first piece.
  std::size_t held_ = 0;
  RelayTime last_{};  ///< Nothing arrives before what went in earlier.
  std::optional<RelayTime> end_;
};

}  // namespace faultline::nethold
