#pragma once

#include <cstdint>
#include <string>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// What a target may use of its machine, as its runtime has it written down. 0 means
/// no limit. Bytes, and CPU time in microseconds per period.
struct Limits {
  std::int64_t cpu_period_us = 0;
  std::int64_t cpu_quota_us = 0;
  std::int64_t nano_cpus = 0;  ///< The other way to say the same; never both.
  std::int64_t memory = 0;
  std::int64_t memory_swap = 0;  ///< Memory and swap together; -1: no limit.
  bool operator==(const Limits&) const = default;
};

/// What the machine of a target has, whatever the target's limits are. 0: its runtime does not say.
struct Machine {
  std::int64_t cpus = 0;
  std::int64_t memory = 0;  ///< Bytes.
};

/// As one word for the journal, and back: "100000/20000/0/67108864/-1".
[[nodiscard]] std::string to_text(const Limits& limits);
[[nodiscard]] Result<Limits> read_limits(const std::string& text);

/// Reads and changes the limits of running targets. One caller at a time.
/// Errors as of Runtime.
class LimitsControl {
 public:
  virtual ~LimitsControl() = default;
  [[nodiscard]] virtual Result<Limits> read(const std::string& id, Deadline deadline) = 0;
  /// Bytes of memory that the target uses now.
  [[nodiscard]] virtual Result<std::int64_t> memory_used(const std::string& id,
                                                         Deadline deadline) = 0;
  [[nodiscard]] virtual Result<Machine> machine_of(const std::string& id, Deadline deadline) = 0;
  /// The CPU fields, or the memory fields, of `limits`; the others stay as they are.
  /// Lifting a limit is such a call as well: 0 means none.
  virtual Status set_cpu(const std::string& id, const Limits& limits, Deadline deadline) = 0;
  virtual Status set_memory(const std::string& id, const Limits& limits, Deadline deadline) = 0;
};

}  // namespace faultline::chaos
