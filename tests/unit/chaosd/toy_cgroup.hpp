#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

namespace faultline::nethold {

/// A folder with the files of a cgroup, and with a file system to try. Nothing acts on the
/// limits that are written there: what the kernel does is tried with a real one, in
/// tests/integration/docker.
class ToyCgroup {
 public:
  enum class Version { none, one, two };

  explicit ToyCgroup(Version version) {
    char name[] = "faultline-cgroup-XXXXXX";
    folder_ = ::mkdtemp(name);
    put("cgroup.procs", "");
    if (version == Version::two) put("io.max", "");
    if (version != Version::one) return;
    for (const char* what : {"read_bps", "write_bps", "read_iops", "write_iops"}) {
      put("blkio.throttle." + std::string{what} + "_device", "");
    }
  }
  ~ToyCgroup() { std::filesystem::remove_all(folder_); }
  ToyCgroup(const ToyCgroup&) = delete;
  ToyCgroup& operator=(const ToyCgroup&) = delete;

  [[nodiscard]] const std::string& folder() const { return folder_; }
  void put(const std::string& file, const std::string& text) const {
    std::ofstream{folder_ + "/" + file} << text;
  }
  [[nodiscard]] std::string get(const std::string& file) const {
    std::ifstream stream{folder_ + "/" + file};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }
  /// As when its container ended: the folder stays where it is mounted, and is empty.
  void end() const {
    for (const auto& entry : std::filesystem::directory_iterator{folder_}) {
      std::filesystem::remove_all(entry);
    }
  }

 private:
  std::string folder_;
};

}  // namespace faultline::nethold
