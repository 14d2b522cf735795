#pragma once

#include <string>

#include "chaosd/nethold/held.hpp"
#include "chaosd/runtime/disk_fill.hpp"

namespace faultline::nethold {

/// A file without a name on the file system of `folder`, as big as leaves the room that is
/// asked for. Without a name it is gone with this process, however that ends, and with the
/// machine: nothing is ever left to clean.
class DiskHeld final : public Held {
 public:
  /// `shared_with`: a file on the disk of the Engine itself, which is to be spared; `mounts`: what
  /// says whether a file system is mounted at `folder` as a whole, or a folder of one.
  DiskHeld(chaos::DiskFill fill, std::string folder, std::string shared_with = "/etc/hosts",
           std::string mounts = "/proc/self/mountinfo")
      : fill_(fill),
        folder_(std::move(folder)),
        shared_with_(std::move(shared_with)),
        mounts_(std::move(mounts)) {}
  ~DiskHeld() override;
  DiskHeld(const DiskHeld&) = delete;
  DiskHeld& operator=(const DiskHeld&) = delete;

  /// `conflict`: it is that full already, or others write to the same disk.
  [[nodiscard]] Status install() override;
  [[nodiscard]] Status remove() override;
  [[nodiscard]] int parts() const override { return 1; }
  [[nodiscard]] bool owned() const override { return true; }
  [[nodiscard]] Result<std::int64_t> met(bool first) override;

 private:
  [[nodiscard]] Status spare_others() const;
  [[nodiscard]] Result<std::int64_t> free_bytes() const;
  [[nodiscard]] Status take(std::int64_t leave);

  chaos::DiskFill fill_;
  std::string folder_;
  std::string shared_with_;
  std::string mounts_;
  int file_ = -1;
};

}  // namespace faultline::nethold
