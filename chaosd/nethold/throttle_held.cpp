#include "chaosd/nethold/throttle_held.hpp"

#include <algorithm>

#include "chaosd/nethold/store_disk.hpp"

namespace faultline::nethold {

using namespace std::chrono_literals;
using chaos::IoLimit;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kWindow = 500ms;
constexpr int kFreeTries = 3;  // A disk with others to serve may be slow for a moment.
constexpr milliseconds kLetOut = 2s;

/// What goes through a limit in one window, in times of `each`.
std::int64_t in_window(std::int64_t per_second, std::int64_t each) {
  return per_second * kWindow.count() / 1000 / each;
}

/// Of bytes, so large that about sixteen of them go through in one window.
std::size_t block_for(std::int64_t bytes_per_second) {
  const auto wanted = static_cast<std::size_t>(in_window(bytes_per_second, 16));
  const auto block = wanted / IoTrial::kBlockLeast * IoTrial::kBlockLeast;
  return std::clamp(block, IoTrial::kBlockLeast, IoTrial::kBlockMost);
}

}  // namespace

std::optional<ThrottleHeld::Way> ThrottleHeld::way_of(IoWay way) const {
  const bool reads = way == IoWay::read;
  const auto lowered = [&](IoLimit which) {
    return throttle_.ours[which] == throttle_.before[which] ? 0 : throttle_.ours[which];
  };
  const auto bytes = lowered(reads ? IoLimit::read_bytes : IoLimit::write_bytes);
  const auto ops = lowered(reads ? IoLimit::read_ops : IoLimit::write_ops);
  if (bytes == 0 && ops == 0) return std::nullopt;
  Way one;
  one.task.way = way;
  // With both, blocks are of the size at which the bytes are what holds it back.
  one.task.block = bytes == 0 ? IoTrial::kBlockLeast : block_for(bytes);
  const auto by_bytes = in_window(bytes, static_cast<std::int64_t>(one.task.block));
  const auto by_ops = in_window(ops, 1);
  const auto through = bytes == 0 ? by_ops : ops == 0 ? by_bytes : std::min(by_bytes, by_ops);
  // The kernel gives in slices of a tenth of a second, and a window is not exact.
  one.allowed = through == 0 ? 0 : through + through / 2 + 2;
  one.task.most = one.allowed + std::max<std::int64_t>(one.allowed / 4, 4);
  return one;
}

Status ThrottleHeld::try_freely(IoTrial& trial, const IoCgroup& cgroup) {
  for (const auto which : {IoWay::read, IoWay::write}) {
    auto way = way_of(which);
    if (!way) continue;
    for (int i = 0; i < kFreeTries && !way->gets_on; ++i) {
      const auto done = trial.run(cgroup, way->task, kWindow);
      if (!done) return done.error();
      way->gets_on = *done >= way->task.most;
      if (!trial.ended(kLetOut)) {
        return Error{ErrorCode::conflict,
                     "its disk did not answer a small trial before anything was done"};
      }
    }
    ways_.push_back(*way);
  }
  return kDone;
}

Status ThrottleHeld::try_held_back(IoTrial& trial, const IoCgroup& cgroup) {
  bool all = true;
  for (const auto& way : ways_) {
    const auto done = trial.run(cgroup, way.task, kWindow);
    if (!done) return done.error();
    all = all && way.gets_on && *done <= way.allowed;
    if (auto out = let_out(trial, cgroup); !out) return out;
  }
  shown_ = all ? static_cast<std::int64_t>(ways_.size()) : 0;
  return kDone;
}

Status ThrottleHeld::let_out(IoTrial& trial, const IoCgroup& cgroup) const {
  if (trial.ended(50ms)) return kDone;
  // Nothing else ends what the kernel holds back, and a helper that cannot be killed would be
  // worse than limits that are off for some milliseconds at their beginning.
  auto lifted = change(cgroup, throttle_.device, throttle_.ours, throttle_.before);
  if (!lifted) return lifted;
  (void)trial.ended(kLetOut);
  return change(cgroup, throttle_.device, throttle_.before, throttle_.ours);
}

Status ThrottleHeld::install() {
  const auto cgroup = IoCgroup::open(places_.cgroup);
  if (!cgroup) return cgroup.error();
  auto trial = IoTrial::create(places_.volume);
  if (!trial) return trial.error();
  trial_.emplace(std::move(trial).value());
  if (auto tried = try_freely(*trial_, *cgroup); !tried) return tried;
  auto set = change(*cgroup, throttle_.device, throttle_.before, throttle_.ours);
  if (!set) return set;
  if (auto tried = try_held_back(*trial_, *cgroup); !tried) return tried;
  const auto stands = met(true);
  return stands ? Status{kDone} : stands.error();
}

Status ThrottleHeld::remove() {
  if (auto back = put_back(throttle_, places_.cgroup); !back) return back;
  if (trial_) (void)trial_->ended(kLetOut);
  trial_.reset();
  return kDone;
}

int ThrottleHeld::parts() const {
  const auto differs = [&](IoLimit which) {
    return throttle_.before[which] != throttle_.ours[which];
  };
  return static_cast<int>(std::count_if(chaos::kIoLimits.begin(), chaos::kIoLimits.end(), differs));
}

Result<std::int64_t> ThrottleHeld::met(bool /*first*/) {
  const auto cgroup = IoCgroup::open(places_.cgroup);
  if (!cgroup) return cgroup.error();
  const auto now = cgroup->read(throttle_.device);
  if (!now) return now.error();
  const bool stand = std::all_of(chaos::kIoLimits.begin(), chaos::kIoLimits.end(), [&](auto which) {
    return throttle_.ours[which] == throttle_.before[which] ||
           (*now)[which] == throttle_.ours[which];
  });
  if (stand) return shown_;
  return Error{ErrorCode::conflict, "its limits on the disk are not those that were set"};
}

Result<chaos::DiskShare> look_at_disk(const TargetPlaces& places) {
  const auto device = disk_under(places.volume);
  if (!device) return device.error();
  const auto cgroup = IoCgroup::open(places.cgroup);
  if (!cgroup) return cgroup.error();
  const auto limits = cgroup->read(*device);
  if (!limits) return limits.error();
  return chaos::DiskShare{*device, *limits};
}

Status put_back(const chaos::DiskThrottle& throttle, const std::string& folder) {
  const auto cgroup = IoCgroup::open(folder);
  if (!cgroup) return cgroup.error().code == ErrorCode::not_found ? Status{kDone} : cgroup.error();
  return change(*cgroup, throttle.device, throttle.ours, throttle.before);
}

}  // namespace faultline::nethold
