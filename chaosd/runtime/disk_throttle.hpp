#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace faultline::chaos {

enum class IoLimit : std::uint8_t { read_bytes, write_bytes, read_ops, write_ops };
inline constexpr std::array kIoLimits{IoLimit::read_bytes, IoLimit::write_bytes, IoLimit::read_ops,
                                      IoLimit::write_ops};

/// What a container may do on one disk, per second: bytes and operations. 0 means no limit.
struct IoLimits {
  std::array<std::int64_t, kIoLimits.size()> per_second{};

  [[nodiscard]] std::int64_t operator[](IoLimit which) const {
    return per_second[static_cast<std::size_t>(which)];
  }
  std::int64_t& operator[](IoLimit which) { return per_second[static_cast<std::size_t>(which)]; }
  bool operator==(const IoLimits&) const = default;
};

/// As low as the kernel takes it: in version 2 of cgroups 0 and 1 are refused.
inline constexpr std::int64_t kLeastIo = 2;

/// The disk that a target's store is on, and what its container may do there.
struct DiskShare {
  std::string device;  ///< "8:0", the whole disk.
  IoLimits limits;
};

/// Lower limits of one target on one disk, and what stood there before.
struct DiskThrottle {
  std::string device;
  IoLimits before;
  IoLimits ours;
  bool operator==(const DiskThrottle&) const = default;
};

/// Whether the kernel could have such a disk: "8:0".
[[nodiscard]] bool is_device(std::string_view text);

/// As one word for the journal, a label and an argument, and back: "8:0,0/0/0/0,0/2/0/0".
[[nodiscard]] std::string to_text(const DiskThrottle& throttle);
[[nodiscard]] Result<DiskThrottle> read_throttle(std::string_view text);
[[nodiscard]] std::string to_text(const DiskShare& share);
[[nodiscard]] Result<DiskShare> read_share(std::string_view text);

/// The throttle as arguments of the helper, and back.
[[nodiscard]] std::vector<std::string> to_arguments(const DiskThrottle& throttle);
[[nodiscard]] Result<DiskThrottle> read_throttle_arguments(
    const std::vector<std::string>& arguments);

}  // namespace faultline::chaos
