#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace faultline::poll {

/// One thing that can be read. Called by its poller's thread only.
template <class Part>
class Source {
 public:
  virtual ~Source() = default;
  /// Returns by `deadline`, even against a peer that accepts and says nothing.
  [[nodiscard]] virtual Result<Part> read(Deadline deadline) = 0;
  /// Whom the last read asked, for people.
  [[nodiscard]] virtual std::optional<std::string> gateway() const { return std::nullopt; }
  /// Why the last read did not ask at all, in words; empty when it did.
  [[nodiscard]] virtual std::string off() const { return {}; }
  /// The least pause before the next read, whatever the cadence says.
  [[nodiscard]] virtual milliseconds pause_least() const { return milliseconds{0}; }
};

/// How a source is doing.
struct ReadHealth {
  bool ok = false;
  std::string error = "not read yet";
  std::optional<std::string> gateway;
  std::optional<WallTime> read_at;  ///< Last good read.
  std::optional<double> took_ms;    ///< Duration of the last read, good or not.
  std::string off = {};             ///< Why it is not asked at present; empty when it is.
};

/// The last good part, with its age, and how the last read went.
template <class Part>
struct Reading {
  std::shared_ptr<const Part> part;  ///< Null until the first good read.
  ReadHealth health;
  std::int64_t reads = 0;  ///< Reads that have ended; 0 means that nothing is known.
};

}  // namespace faultline::poll
