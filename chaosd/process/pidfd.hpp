#pragma once

#include <optional>

#include "chaosd/process/proc_entry.hpp"
#include "chaosd/process/process_file.hpp"
#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// A hold on one process: while it is open the pid may be used again, yet signals
/// through it reach that one process or nobody.
class Pidfd {
 public:
  /// Nothing when the pid file names no living process with the command of `spec`.
  [[nodiscard]] static std::optional<Pidfd> of(const ProcessSpec& spec);

  ~Pidfd();
  Pidfd(Pidfd&& other) noexcept;
  Pidfd& operator=(Pidfd&&) = delete;

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const ProcStat& stat() const { return stat_; }

  /// Done as well when it is gone already; `forbidden` when it is another user's.
  Status send(int signal) const;
  /// Whether it ended before the deadline; the child of another is seen as well.
  [[nodiscard]] bool wait_end(Deadline deadline) const;

 private:
  Pidfd(int number, pid_t pid) : number_(number), pid_(pid) {}

  int number_;
  pid_t pid_;
  ProcStat stat_;
};

}  // namespace faultline::chaos
