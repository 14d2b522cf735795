#pragma once

#include <string>

#include "chaosd/runtime/disk_throttle.hpp"

namespace faultline::nethold {

/// What one cgroup may do on a disk, as its files say: `io.max` of version 2, the four
/// `blkio.throttle.*_device` of version 1. Only the line of the disk that is named is ever
/// written. `not_found`: the cgroup is gone, as it is when its container ended.
class IoCgroup {
 public:
  /// `unsupported` when there is neither in `folder`, `not_found` when that is no cgroup.
  [[nodiscard]] static Result<IoCgroup> open(std::string folder);

  [[nodiscard]] Result<chaos::IoLimits> read(const std::string& device) const;
  [[nodiscard]] Status write(const std::string& device, chaos::IoLimit which,
                             std::int64_t per_second) const;
  /// Moves this process into it.
  [[nodiscard]] Status enter() const;

 private:
  IoCgroup(std::string folder, bool is_v2) : folder_(std::move(folder)), is_v2_(is_v2) {}
  [[nodiscard]] Status put(const std::string& file, const std::string& text) const;

  std::string folder_;
  bool is_v2_;
};

/// Writes those of `to` that differ from `from`; one that is no longer `from` is another
/// hand's and stays. Success when the cgroup is gone.
[[nodiscard]] Status change(const IoCgroup& cgroup, const std::string& device,
                            const chaos::IoLimits& from, const chaos::IoLimits& to);

}  // namespace faultline::nethold
