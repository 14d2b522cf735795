#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "chaosd/nethold/held.hpp"
#include "chaosd/nethold/lease.hpp"

namespace faultline::nethold {

struct HoldTimes {
  std::chrono::milliseconds deadline{0};  ///< From now; nothing ever stays longer.
  std::chrono::milliseconds lease{0};     ///< Of silence of chaosd, at most.
};

/// Lays something down, keeps it while the lease lasts, takes it away. Talks in lines
/// on stdout, which chaosd reads as the container's log:
/// `held n=1 rules=4 met=2 owned=yes laid=…`, `failed <sentence>`, `removed <why>`.
class Holder {
 public:
  /// SIGTERM, SIGINT, SIGUSR1 (renew) and SIGUSR2 (other rules are in `inbox`) must be blocked
  /// already; they are awaited here.
  Holder(HoldTimes times, std::unique_ptr<Held> held, std::string inbox = {})
      : times_(times), held_(std::move(held)), inbox_(std::move(inbox)) {}
  /// Returns the exit code: 0 when everything of ours is taken away.
  int run();

 private:
  /// One status line.
  void report(bool first);
  void replace();
  [[nodiscard]] std::string keep(std::chrono::milliseconds began);
  int take_away(const std::string& why);

  HoldTimes times_;
  std::unique_ptr<Held> held_;
  std::string inbox_;
  int reports_ = 0;  ///< Numbers them, so that an answer is told from an older one.
};

void say(const std::string& line);

}  // namespace faultline::nethold
