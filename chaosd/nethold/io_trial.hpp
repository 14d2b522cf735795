#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "chaosd/nethold/io_cgroup.hpp"

namespace faultline::nethold {

enum class IoWay { read, write };

struct IoTask {
  IoWay way = IoWay::write;
  std::size_t block = 0;  ///< Bytes at a time; a multiple of IoTrial::kBlockLeast.
  std::int64_t most = 0;  ///< Times; it stops then.
};

/// Tries how fast a process of a cgroup gets on with a disk: a child of this process enters
/// the cgroup and reads or writes one small file without a name there, past every cache. What
/// the kernel holds back cannot be killed, so there is one such child at a time, and it is let
/// out by whoever set the limits, by lifting them.
class IoTrial {
 public:
  static constexpr std::size_t kBlockLeast = 4096;
  static constexpr std::size_t kBlockMost = 256 * 1024;

  /// The file, on the file system of `folder`. It is made before any limit is set, for a file
  /// system may itself wait for what a limit holds back.
  [[nodiscard]] static Result<IoTrial> create(const std::string& folder);
  ~IoTrial();
  IoTrial(IoTrial&& other) noexcept;
  IoTrial& operator=(IoTrial&&) = delete;
  IoTrial(const IoTrial&) = delete;
  IoTrial& operator=(const IoTrial&) = delete;

  /// How often it was done within `window`. The child may be held back still: see ended().
  [[nodiscard]] Result<std::int64_t> run(const IoCgroup& cgroup, const IoTask& task,
                                         std::chrono::milliseconds window);
  /// Whether the child of the last run has ended, or does so within `patience`.
  [[nodiscard]] bool ended(std::chrono::milliseconds patience);

 private:
  struct Shared;
  IoTrial(int file, Shared* shared) : file_(file), shared_(shared) {}
  [[noreturn]] void work(const IoCgroup& cgroup, const IoTask& task) const;

  int file_;
  Shared* shared_;  ///< Read and written by the child as well.
  int child_ = 0;   ///< 0: none.
};

}  // namespace faultline::nethold
