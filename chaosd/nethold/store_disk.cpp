#include "chaosd/nethold/store_disk.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace faultline::nethold {

Result<std::string> disk_under(const std::string& folder, const std::string& devices) {
  namespace fs = std::filesystem;
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) {
    return Error{ErrorCode::upstream,
                 std::string{"the volume cannot be read: "} + std::strerror(errno)};
  }
  const std::string number =
      std::to_string(major(found.st_dev)) + ":" + std::to_string(minor(found.st_dev));
  std::error_code error;
  fs::path device = fs::canonical(devices + "/" + number, error);
  if (error) {
    return Error{ErrorCode::unsupported,
                 "its store is on a file system without a disk of its own (tmpfs, overlay, btrfs, "
                 "zfs, or of the network); put it on a volume on a block device"};
  }
  if (fs::exists(device / "partition", error)) device = device.parent_path();
  std::string whole;
  std::ifstream{device / "dev"} >> whole;
  if (whole.empty() || !fs::exists(device / "queue", error)) {
    return Error{ErrorCode::unsupported,
                 "the device " + number + " that its store is on has no queue of its own"};
  }
  return whole;
}

}  // namespace faultline::nethold
