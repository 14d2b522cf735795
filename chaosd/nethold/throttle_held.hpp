#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chaosd/nethold/held.hpp"
#include "chaosd/nethold/io_trial.hpp"

namespace faultline::nethold {

/// Where a helper finds what it is given of a target.
struct TargetPlaces {
  std::string volume = "/held";    ///< Of its store.
  std::string cgroup = "/cgroup";  ///< Its own, the one with limits of I/O.
};

/// Lower limits of one target on the disk of its store. Unlike rules of a network they stay
/// when this process is killed; what stood there before is with the order, for whoever cleans
/// up. Shown to bite by a trial: a process of the target's cgroup, before and after.
class ThrottleHeld final : public Held {
 public:
  ThrottleHeld(chaos::DiskThrottle throttle, TargetPlaces places)
      : throttle_(std::move(throttle)), places_(std::move(places)) {}

  /// Sets nothing when it could not be shown whether it bites.
  [[nodiscard]] Status install() override;
  [[nodiscard]] Status remove() override;
  /// How many limits are lowered.
  [[nodiscard]] int parts() const override;
  [[nodiscard]] bool owned() const override { return false; }
  /// In how many ways it was seen to hold I/O back; 0 when not in all of them. An error when
  /// the limits are not ours any more.
  [[nodiscard]] Result<std::int64_t> met(bool first) override;

 private:
  /// Reading or writing, and what the limits leave of it in one window.
  struct Way {
    IoTask task;               ///< As often as would be too often.
    std::int64_t allowed = 0;  ///< So often, and a little more.
    bool gets_on = false;      ///< Without the limits it is done more often than that.
  };
  [[nodiscard]] std::optional<Way> way_of(IoWay way) const;
  [[nodiscard]] Status try_freely(IoTrial& trial, const IoCgroup& cgroup);
  [[nodiscard]] Status try_held_back(IoTrial& trial, const IoCgroup& cgroup);
  [[nodiscard]] Status let_out(IoTrial& trial, const IoCgroup& cgroup) const;

  chaos::DiskThrottle throttle_;
  TargetPlaces places_;
  std::optional<IoTrial> trial_;  ///< Its file is closed only when the limits are gone.
  std::vector<Way> ways_;
  std::int64_t shown_ = 0;
};

/// The disk of a target's store, and its limits there now.
[[nodiscard]] Result<chaos::DiskShare> look_at_disk(const TargetPlaces& places);
/// Puts back what stood there before, where ours stands. That there is no cgroup is success.
[[nodiscard]] Status put_back(const chaos::DiskThrottle& throttle, const std::string& cgroup);

}  // namespace faultline::nethold
