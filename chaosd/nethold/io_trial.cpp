#include "chaosd/nethold/io_trial.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace faultline::nethold {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr int kLookAgainMs = 5;

milliseconds since_start() {
  return std::chrono::duration_cast<milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

void pause_until_next_look() { (void)::poll(nullptr, 0, kLookAgainMs); }

Error untried(const std::string& what, int error) {
  return {ErrorCode::unsupported,
          what + ", so that no effect could be shown: " + std::strerror(error)};
}

int open_past_the_cache(const std::string& folder) {
  return ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC, 0600);
}

}  // namespace

/// In memory that parent and child both see. `buffer` is where the disk reads and writes.
struct IoTrial::Shared {
  enum Step : int { begun, entered, refused, broken };

  alignas(kBlockLeast) char buffer[kBlockMost];
  std::atomic<std::int64_t> done;
  std::atomic<bool> stop;
  std::atomic<int> step;
  std::atomic<int> error;
};

Result<IoTrial> IoTrial::create(const std::string& folder) {
  void* const memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return untried("there is no memory for a trial", errno);
  auto* const shared = new (memory) Shared{};
  const int file = open_past_the_cache(folder);
  const int error = errno;
  IoTrial trial{file, shared};
  if (file < 0) {
    return untried("no file without a name can be written past the cache on its volume", error);
  }
  // Blocks that were never written are not on the disk, and reading them would be free.
  std::memset(shared->buffer, 'f', kBlockMost);
  if (::pwrite(file, shared->buffer, kBlockMost, 0) != static_cast<ssize_t>(kBlockMost) ||
      ::fdatasync(file) != 0) {
    return untried("a small file cannot be written on its volume", errno);
  }
  return trial;
}

IoTrial::IoTrial(IoTrial&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      shared_(std::exchange(other.shared_, nullptr)),
      child_(std::exchange(other.child_, 0)) {}

IoTrial::~IoTrial() {
  if (shared_ == nullptr) return;
  (void)ended(0ms);
  if (file_ >= 0) ::close(file_);
  ::munmap(shared_, sizeof(Shared));
}

void IoTrial::work(const IoCgroup& cgroup, const IoTask& task) const {
  if (const auto entered = cgroup.enter(); !entered) {
    shared_->error = errno;
    shared_->step = Shared::refused;
    ::_exit(1);
  }
  shared_->step = Shared::entered;
  for (std::int64_t i = 0; i < task.most && !shared_->stop; ++i) {
    const ssize_t moved = task.way == IoWay::read ? ::pread(file_, shared_->buffer, task.block, 0)
                                                  : ::pwrite(file_, shared_->buffer, task.block, 0);
    if (moved != static_cast<ssize_t>(task.block)) {
      shared_->error = errno;
      shared_->step = Shared::broken;
      ::_exit(1);
    }
    shared_->done = i + 1;
  }
  ::_exit(0);
}

Result<std::int64_t> IoTrial::run(const IoCgroup& cgroup, const IoTask& task, milliseconds window) {
  if (!ended(0ms)) return Error{ErrorCode::conflict, "an earlier trial is held back still"};
  shared_->done = 0;
  shared_->stop = false;
  shared_->step = Shared::begun;
  child_ = ::fork();
  if (child_ < 0) {
    child_ = 0;
    return untried("no process can be started", errno);
  }
  if (child_ == 0) work(cgroup, task);
  // The window begins when the child is in its place.
  auto until = since_start() + 1s;
  while (shared_->step == Shared::begun && since_start() < until) pause_until_next_look();
  until = since_start() + window;
  while (since_start() < until && !ended(0ms)) pause_until_next_look();
  shared_->stop = true;
  if (shared_->step == Shared::begun) {
    return Error{ErrorCode::unsupported,
                 "a process that is to enter its cgroup does not run there"};
  }
  if (shared_->step == Shared::refused) {
    return untried("no process can enter its cgroup", shared_->error);
  }
  if (shared_->step == Shared::broken) {
    return untried("a file on its volume cannot be read and written", shared_->error);
  }
  return shared_->done.load();
}

bool IoTrial::ended(milliseconds patience) {
  const auto until = since_start() + patience;
  while (child_ != 0) {
    const pid_t gone = ::waitpid(child_, nullptr, WNOHANG);
    if (gone == child_ || (gone < 0 && errno == ECHILD)) {
      child_ = 0;
      break;
    }
    if (since_start() >= until) return false;
    pause_until_next_look();
  }
  return true;
}

}  // namespace faultline::nethold
