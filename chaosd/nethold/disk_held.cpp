#include "chaosd/nethold/disk_held.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace faultline::nethold {

namespace {

constexpr std::int64_t kMb = 1024 * 1024;
constexpr std::int64_t kStep = 256 * kMb;  // So that room which others take meanwhile is seen.

Error failed(const std::string& what) {
  return {ErrorCode::upstream, what + ": " + std::strerror(errno)};
}

std::string in_mb(std::int64_t bytes) { return std::to_string(bytes / kMb) + " MB"; }

std::optional<dev_t> disk_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return found.st_dev;
}

/// Whether the file system at `folder` is mounted there from its root on. Of a folder of one
/// that is bound there the rest is not seen from here, whoever's it is.
bool is_whole(const std::string& folder, const std::string& mounts) {
  std::ifstream lines{mounts};
  bool whole = false;
  for (std::string line; std::getline(lines, line);) {  // The last one lies on top.
    std::istringstream words{line};
    std::string id, parent, device, root, at;
    if (words >> id >> parent >> device >> root >> at && at == folder) whole = root == "/";
  }
  return whole;
}

/// -1 and errno when it cannot be.
int open_unnamed(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  // A file system without unnamed files: it has a name for an instant.
  std::string name = folder + "/.faultline-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

DiskHeld::~DiskHeld() { (void)remove(); }

Status DiskHeld::spare_others() const {
  const auto ours = disk_of(folder_);
  if (!ours) return failed("the volume cannot be read");
  const auto engines = disk_of(shared_with_);
  const bool apart = engines && *engines != *ours;
  const bool alone = apart && is_whole(folder_, mounts_);
  if (alone || fill_.leave_mb >= chaos::kSharedDiskFloorMb) return kDone;
  return Error{ErrorCode::conflict,
               std::string{"its volume is "} +
                   (apart ? "a folder of a disk, which others may use as well; mount a disk of its "
                            "own there as a whole"
                          : "on the Docker Engine's own disk, which others need as well; give the "
                            "store a disk of its own") +
                   ", or set leave_mb to " + std::to_string(chaos::kSharedDiskFloorMb) +
                   " or more"};
}

Result<std::int64_t> DiskHeld::free_bytes() const {
  struct statvfs room {};
  if (::fstatvfs(file_, &room) != 0) return failed("the room on the volume cannot be read");
  return static_cast<std::int64_t>(room.f_bfree) * static_cast<std::int64_t>(room.f_frsize);
}

Status DiskHeld::take(std::int64_t leave) {
  std::int64_t taken = 0;
  std::int64_t step = kStep;
  while (step >= kMb) {
    const auto room = free_bytes();
    if (!room) return room.error();
    if (*room - leave < kMb) return kDone;
    const std::int64_t more = std::min(step, *room - leave);
    if (::fallocate(file_, 0, taken, more) == 0) {
      taken += more;
    } else if (errno == ENOSPC) {
      step = more / 2;  // A file system needs some of its room for itself.
    } else {
      return failed("the volume's file system does not give a file its room at once");
    }
  }
  return kDone;
}

Status DiskHeld::install() {
  if (auto spared = spare_others(); !spared) return spared;
  file_ = open_unnamed(folder_);
  if (file_ < 0) return failed("no file can be made on the volume");
  const std::int64_t leave = fill_.leave_mb * kMb;
  const auto room = free_bytes();
  if (!room) return room.error();
  if (*room - leave < kMb) {
    return Error{ErrorCode::conflict,
                 "only " + in_mb(*room) + " are free on its volume; leave_mb must be less"};
  }
  return take(leave);
}

Status DiskHeld::remove() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  return kDone;
}

Result<std::int64_t> DiskHeld::met(bool /*first*/) {
  struct stat file {};
  if (file_ < 0 || ::fstat(file_, &file) != 0) return Error{ErrorCode::not_found, "no file"};
  constexpr std::int64_t kBlock = 512;  // As stat counts, whatever the file system's are.
  return static_cast<std::int64_t>(file.st_blocks) * kBlock / kMb;
}

}  // namespace faultline::nethold
