#include "chaosd/process/pidfd.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace faultline::chaos {

namespace {

/// Whether a program may be about to write its own number: it has emptied the file just now.
bool is_being_written(const std::string& path) {
  struct stat file {};
  timespec now{};
  return ::stat(path.c_str(), &file) == 0 && file.st_size == 0 &&
         ::clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec - file.st_mtim.tv_sec <= 1;
}

std::optional<pid_t> settled_pid(const std::string& path) {
  constexpr int kMostLooks = 500;  // A second, for a clock that stands still.
  for (int look = 0; look < kMostLooks; ++look) {
    if (const auto pid = read_pid_file(path)) return pid;
    if (!is_being_written(path)) break;
    (void)::poll(nullptr, 0, 2);
  }
  // It may have been written between the two looks.
  return read_pid_file(path);
}

}  // namespace

std::optional<Pidfd> Pidfd::of(const ProcessSpec& spec) {
  const auto pid = settled_pid(spec.pid_file);
  if (!pid) return std::nullopt;
  // Debian 12's libc has no wrappers for these two.
  const auto number = static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0));
  if (number < 0) return std::nullopt;
  Pidfd held{number, *pid};
  // Only now, with the process held, is what /proc says about this pid about it.
  const auto stat = read_stat(*pid);
  if (!stat || is_over(*stat) || !is_command_of(read_command(*pid), spec.argv)) {
    return std::nullopt;
  }
  held.stat_ = *stat;
  return held;
}

Pidfd::~Pidfd() {
  if (number_ >= 0) ::close(number_);
}

Pidfd::Pidfd(Pidfd&& other) noexcept
    : number_(std::exchange(other.number_, -1)), pid_(other.pid_), stat_(other.stat_) {}

Status Pidfd::send(int signal) const {
  if (::syscall(SYS_pidfd_send_signal, number_, signal, nullptr, 0) == 0 || errno == ESRCH) {
    return kDone;
  }
  const auto code = errno == EPERM ? ErrorCode::forbidden : ErrorCode::upstream;
  return Error{code, "cannot signal process " + std::to_string(pid_) + ": " + std::strerror(errno)};
}

bool Pidfd::wait_end(Deadline deadline) const {
  for (;;) {
    pollfd wait{number_, POLLIN, 0};
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    const int ready =
        ::poll(&wait, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
    if (ready > 0) return true;
    if (std::chrono::steady_clock::now() >= deadline) return false;
  }
}

}  // namespace faultline::chaos
