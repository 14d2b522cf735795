#include "chaosd/process/launch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace faultline::chaos {

namespace {

/// The step that failed in the child, and errno there.
enum class Step : int { fork, folder, output, pid_file, execute };
struct Failure {
  Step step;
  int code;
};

const char* words(Step step) {
  switch (step) {
    case Step::fork: return "cannot fork";
    case Step::folder: return "cannot enter its working folder";
    case Step::output: return "cannot set up its output";
    case Step::pid_file: return "cannot write its pid file";
    case Step::execute: return "cannot execute its program";
  }
  return "cannot start";
}

/// Everything the child needs, made before the fork: afterwards, in a copy of a
/// program with threads, it may not allocate.
struct Plan {
  std::string program;
  std::vector<char*> argv;
  std::vector<std::string> environment;
  std::vector<char*> envp;
  std::string pid_file_new;
};

/// Where `name` is, looked up as execvp would.
std::string find_program(const std::string& name, const std::string& cwd) {
  if (name.find('/') != std::string::npos) return (std::filesystem::path{cwd} / name).string();
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    std::string candidate{rest.substr(0, end)};
    candidate.append("/").append(name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return name;
}

Plan make_plan(const ProcessSpec& spec) {
  Plan plan;
  plan.program = find_program(spec.argv.front(), spec.cwd);
  for (const auto& word : spec.argv) plan.argv.push_back(const_cast<char*>(word.c_str()));
  plan.argv.push_back(nullptr);
  for (const auto& [name, value] : spec.env) {
    plan.environment.emplace_back(name).append("=").append(value);
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(spec.env.begin(), spec.env.end(),
                                      [&](const auto& own) { return own.first == name; });
    if (!replaced) plan.environment.emplace_back(text);
  }
  for (auto& entry : plan.environment) plan.envp.push_back(entry.data());
  plan.envp.push_back(nullptr);
  plan.pid_file_new = spec.pid_file + ".new";
  return plan;
}

[[noreturn]] void fail(int report, Step step) {
  const Failure failure{step, errno};
  (void)!::write(report, &failure, sizeof failure);
  ::_exit(127);
}

/// Written aside and renamed, so that a reader never sees half a number.
bool write_pid(const Plan& plan, const char* pid_file) {
  std::array<char, 16> digits{};
  char* at = digits.data() + digits.size();
  *--at = '\n';
  for (auto number = ::getpid(); number > 0; number /= 10) {
    *--at = static_cast<char>('0' + number % 10);
  }
  const auto length = static_cast<std::size_t>(digits.data() + digits.size() - at);
  const int file =
      ::open(plan.pid_file_new.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return false;
  const bool written = ::write(file, at, length) == static_cast<ssize_t>(length);
  return ::close(file) == 0 && written && ::rename(plan.pid_file_new.c_str(), pid_file) == 0;
}

/// The grandchild: becomes the program. Async-signal-safe calls only.
[[noreturn]] void become(const Plan& plan, const ProcessSpec& spec, int report) {
  // Signals that our threads block or ignore must reach the program.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  if (::chdir(spec.cwd.c_str()) != 0) fail(report, Step::folder);
  const int input = ::open("/dev/null", O_RDONLY);
  const int output = ::open(spec.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  // The report goes above the three, where neither of them can overwrite it.
  const int kept = ::fcntl(report, F_DUPFD_CLOEXEC, 3);
  if (kept < 0) fail(report, Step::output);
  if (input < 0 || output < 0 || ::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 ||
      ::dup2(output, 2) < 0) {
    fail(kept, Step::output);
  }
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  if (!write_pid(plan, spec.pid_file.c_str())) fail(kept, Step::pid_file);
  ::execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
  fail(kept, Step::execute);
}

}  // namespace

Status launch(const ProcessSpec& spec, Deadline deadline) {
  const Plan plan = make_plan(spec);
  std::array<int, 2> report{};
  if (::pipe2(report.data(), O_CLOEXEC) != 0) {
    return Error{ErrorCode::upstream, "cannot start " + spec.name + ": " + std::strerror(errno)};
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(report[0]);
    ::setsid();
    // Forked twice: the grandchild is nobody's but init's.
    const pid_t grandchild = ::fork();
    if (grandchild == 0) become(plan, spec, report[1]);
    if (grandchild < 0) fail(report[1], Step::fork);
    ::_exit(0);
  }
  const int fork_error = errno;
  ::close(report[1]);
  if (child < 0) {
    ::close(report[0]);
    return Error{ErrorCode::upstream,
                 "cannot start " + spec.name + ": " + std::strerror(fork_error)};
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  // The end of the pipe is the news that the program has been executed.
  pollfd wait{report[0], POLLIN, 0};
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  const int ready =
      ::poll(&wait, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
  Failure failure{};
  const auto count = ready > 0 ? ::read(report[0], &failure, sizeof failure) : -1;
  ::close(report[0]);
  if (ready <= 0) {
    return Error{ErrorCode::timeout, "starting " + spec.name + " takes too long"};
  }
  if (count == 0) return kDone;
  return Error{ErrorCode::upstream, "cannot start " + spec.name + ": " + words(failure.step) +
                                        " (" + std::strerror(failure.code) + ")"};
}

}  // namespace faultline::chaos
