#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chaosd/nethold/descriptor.hpp"

namespace faultline::nethold {

/// Asks a SQL port whether it speaks TLS, the question every PostgreSQL client may begin
/// with, and measures how long the answer takes. No session comes about by it.
class RoundTrip {
 public:
  using Clock = std::chrono::steady_clock;

  /// Begins connections to every port of every address, with `mark` on their packets.
  RoundTrip(const std::vector<std::string>& addresses, const std::vector<std::int64_t>& ports,
            std::uint32_t mark);

  /// Waits for the first answer, from question to answer. Empty: none in time, or this
  /// process is asked to end meanwhile; then it may be called again.
  [[nodiscard]] std::optional<Clock::duration> await(std::chrono::milliseconds patience);
  /// All connections ended without an answer.
  [[nodiscard]] bool failed() const { return questions_.empty(); }

 private:
  struct Question {
    Descriptor socket;
    std::optional<Clock::time_point> asked;
  };
  /// False: it ended.
  [[nodiscard]] bool go_on(Question& one, short events);

  std::vector<Question> questions_;
  std::optional<Clock::duration> took_;
};

}  // namespace faultline::nethold
