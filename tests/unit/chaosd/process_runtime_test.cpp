#include "chaosd/process/process_runtime.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <tuple>

#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/chaosd/deadline_in.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Looks again and again until it is so; false when it never was.
template <class Condition>
bool becomes(Condition condition) {
  const auto deadline = in(10s);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

/// A folder of its own and real processes in it, all gone at the end.
class ProcessRuntimeTest : public ::testing::Test {
 protected:
  ProcessRuntimeTest() {
    char pattern[] = "/tmp/faultline-process-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    specs_.reserve(8);  // add() hands out references.
  }
  ~ProcessRuntimeTest() override {
    ProcessRuntime cleaner{specs_};
    for (const auto& spec : specs_) EXPECT_TRUE(cleaner.kill("process:" + spec.name, in(10s)));
    std::filesystem::remove_all(folder_);
  }

  ProcessSpec& add(const std::string& name, std::vector<std::string> argv) {
    const auto path = [&](const char* end) { return folder_ + "/" + name + end; };
    specs_.push_back(
        {name, std::move(argv), path(".pid"), path(".log"), folder_, {name + ":1"}, {}});
    return specs_.back();
  }
  ProcessSpec& add_sleeper(const std::string& name) { return add(name, {"sleep", "86401"}); }

  [[nodiscard]] std::string log(const ProcessSpec& spec) const {
    std::ifstream file{spec.log_file};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  [[nodiscard]] static ContainerState state(Runtime& runtime, const std::string& name) {
    const auto target = runtime.inspect("process:" + name, in(1s));
    return target ? target->state : ContainerState::unknown;
  }

  std::string folder_;
  std::vector<ProcessSpec> specs_;
};

TEST_F(ProcessRuntimeTest, WhatNeverRanIsExited) {
  add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  const auto targets = runtime.list(in(1s));
  ASSERT_TRUE(targets);
  ASSERT_EQ(targets->size(), 1U);
  EXPECT_EQ(targets->front().id, "process:n1");
  EXPECT_EQ(targets->front().state, ContainerState::exited);
  EXPECT_EQ(targets->front().instance, "");
  EXPECT_EQ(targets->front().addresses, std::vector<std::string>{"n1:1"});
}

TEST_F(ProcessRuntimeTest, StartingMakesAProcessThatIsNotOurChild) {
  const auto& spec = add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  EXPECT_EQ(state(runtime, "n1"), ContainerState::running);
  const auto pid = read_pid_file(spec.pid_file);
  ASSERT_TRUE(pid);
  EXPECT_EQ(::waitpid(*pid, nullptr, WNOHANG), -1);  // ECHILD: it will outlive us.
  EXPECT_EQ(::getsid(*pid), ::getpgid(*pid));
  EXPECT_NE(::getsid(*pid), ::getsid(0));  // A Ctrl-C in our terminal does not reach it.
}

TEST_F(ProcessRuntimeTest, AStartedProcessHasItsLogItsEnvironmentAndNoFileOfOurs) {
  auto& spec = add("n1", {"perl", "-e",
                          "$|=1; print \"$ENV{WORD} in $ENV{PWD}/\", readlink('/proc/self/cwd'), "
                          "' files ', join(',', grep {-e \"/proc/self/fd/$_\"} 0..63), ' ready'; "
                          "sleep 86401"});
  spec.env = {{"WORD", "hello"}, {"PWD", "here"}};
  std::ofstream{spec.log_file} << "earlier; ";
  int inherited[2];
  ASSERT_EQ(::pipe(inherited), 0);  // Without close-on-exec.
  ProcessRuntime runtime{specs_};
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  EXPECT_TRUE(becomes([&] { return log(spec).ends_with("ready"); })) << log(spec);
  EXPECT_EQ(log(spec), "earlier; hello in here/" + folder_ + " files 0,1,2 ready");
  ::close(inherited[0]);
  ::close(inherited[1]);
}

TEST_F(ProcessRuntimeTest, AStartedProcessCanBeTerminatedThoughWeBlockSignals) {
  sigset_t term;
  sigset_t before;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &term, &before), 0);
  add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  EXPECT_TRUE(runtime.stop("process:n1", 60s, in(5s)));  // Well before the grace is over.
  EXPECT_EQ(state(runtime, "n1"), ContainerState::exited);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(ProcessRuntimeTest, StartingWhatRunsChangesNothing) {
  add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  const auto before = runtime.inspect("process:n1", in(1s));
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  EXPECT_EQ(runtime.inspect("process:n1", in(1s))->instance, before->instance);
}

TEST_F(ProcessRuntimeTest, AnotherRunIsAnotherInstance) {
  add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  const auto first = runtime.inspect("process:n1", in(1s))->instance;
  ASSERT_TRUE(runtime.kill("process:n1", in(5s)));
  const auto ended = runtime.inspect("process:n1", in(1s))->instance;
  EXPECT_EQ(runtime.inspect("process:n1", in(1s))->instance, ended);
  EXPECT_THAT(ended, ::testing::StartsWith("ended/"));
  EXPECT_TRUE(runtime.is_same_run(first, ended)) << first << " " << ended;
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  const auto second = runtime.inspect("process:n1", in(1s))->instance;
  EXPECT_NE(second, first);
  EXPECT_FALSE(runtime.is_same_run(first, second));
  ASSERT_TRUE(runtime.kill("process:n1", in(5s)));
  const auto ended_again = runtime.inspect("process:n1", in(1s))->instance;
  EXPECT_NE(ended_again, ended);
  EXPECT_TRUE(runtime.is_same_run(second, ended_again));
  EXPECT_FALSE(runtime.is_same_run(first, ended_again));
  EXPECT_FALSE(runtime.is_same_run("", ended_again));
}

TEST_F(ProcessRuntimeTest, ADeafProcessIsKilledWhenItsGraceIsOver) {
  auto& spec = add("n1", {"perl", "-e", "$|=1; $SIG{TERM}='IGNORE'; print 'ready'; sleep 86401"});
  ProcessRuntime runtime{specs_};
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  ASSERT_TRUE(becomes([&] { return log(spec) == "ready"; }));
  const auto timed_out = runtime.stop("process:n1", 60s, in(20ms));
  ASSERT_FALSE(timed_out);
  EXPECT_EQ(timed_out.error().code, ErrorCode::timeout);
  EXPECT_EQ(state(runtime, "n1"), ContainerState::running);
  EXPECT_TRUE(runtime.stop("process:n1", 0s, in(5s)));
  EXPECT_EQ(state(runtime, "n1"), ContainerState::exited);
}

TEST_F(ProcessRuntimeTest, PausedAndUnpausedIsTheSameRun) {
  add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  const auto before = runtime.inspect("process:n1", in(1s))->instance;
  ASSERT_TRUE(runtime.pause("process:n1", in(5s)));
  EXPECT_EQ(state(runtime, "n1"), ContainerState::paused);
  ASSERT_TRUE(runtime.pause("process:n1", in(5s)));
  EXPECT_EQ(runtime.start("process:n1", in(5s)).error().code, ErrorCode::conflict);
  ASSERT_TRUE(runtime.unpause("process:n1", in(5s)));
  EXPECT_EQ(state(runtime, "n1"), ContainerState::running);
  EXPECT_EQ(runtime.inspect("process:n1", in(1s))->instance, before);
}

TEST_F(ProcessRuntimeTest, APausedProcessCanBeStoppedAndKilled) {
  add_sleeper("n1");
  add_sleeper("n2");
  ProcessRuntime runtime{specs_};
  for (const char* id : {"process:n1", "process:n2"}) {
    ASSERT_TRUE(runtime.start(id, in(5s)));
    ASSERT_TRUE(runtime.pause(id, in(5s)));
  }
  EXPECT_TRUE(runtime.stop("process:n1", 60s, in(5s)));
  EXPECT_TRUE(runtime.kill("process:n2", in(5s)));
  EXPECT_EQ(state(runtime, "n1"), ContainerState::exited);
  EXPECT_EQ(state(runtime, "n2"), ContainerState::exited);
}

TEST_F(ProcessRuntimeTest, WhatDoesNotRunIsStoppedAlreadyButCannotBePaused) {
  add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  EXPECT_TRUE(runtime.stop("process:n1", 1s, in(1s)));
  EXPECT_TRUE(runtime.kill("process:n1", in(1s)));
  EXPECT_TRUE(runtime.unpause("process:n1", in(1s)));
  EXPECT_EQ(runtime.pause("process:n1", in(1s)).error().code, ErrorCode::conflict);
}

TEST_F(ProcessRuntimeTest, APidThatIsAnotherProgramsNowIsNeverTouched) {
  const auto& other = add("other", {"sleep", "86402"});
  const auto& spec = add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  ASSERT_TRUE(runtime.start("process:other", in(5s)));
  std::filesystem::copy_file(other.pid_file, spec.pid_file);  // As if the pid had come round.
  EXPECT_EQ(state(runtime, "n1"), ContainerState::exited);
  EXPECT_TRUE(runtime.kill("process:n1", in(1s)));
  EXPECT_EQ(runtime.pause("process:n1", in(1s)).error().code, ErrorCode::conflict);
  EXPECT_EQ(state(runtime, "other"), ContainerState::running);
}

TEST_F(ProcessRuntimeTest, APidFileWithNonsenseIsNoProcess) {
  const auto& spec = add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  for (const char* text : {"", "x", "-1", "0", "1", "99999999999999"}) {
    std::ofstream{spec.pid_file} << text;
    EXPECT_EQ(state(runtime, "n1"), ContainerState::exited) << text;
    EXPECT_TRUE(runtime.kill("process:n1", in(1s))) << text;
  }
}

TEST_F(ProcessRuntimeTest, AProgramThatWritesItsOwnPidFileAnewIsNeverTakenForGone) {
  const auto& spec = add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  const auto pid = read_pid_file(spec.pid_file);
  ASSERT_TRUE(pid);
  std::jthread program{[&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::ofstream file{spec.pid_file};  // Empties it, as CockroachDB and others do.
      std::this_thread::yield();
      file << *pid << "\n";
    }
  }};
  for (int look = 0; look < 500; ++look) {
    ASSERT_EQ(state(runtime, "n1"), ContainerState::running) << look;
  }
}

TEST_F(ProcessRuntimeTest, AChildThatDiedAndWasNotReapedIsExited) {
  const auto& spec = add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  char program[] = "sleep";
  char seconds[] = "86401";
  char* argv[] = {program, seconds, nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawnp(&child, "sleep", nullptr, nullptr, argv, environ), 0);
  std::ofstream{spec.pid_file} << child << "\n";
  ASSERT_TRUE(becomes([&] { return state(runtime, "n1") == ContainerState::running; }));
  EXPECT_TRUE(runtime.kill("process:n1", in(5s)));
  EXPECT_EQ(state(runtime, "n1"), ContainerState::exited);  // A zombie until the next line.
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST_F(ProcessRuntimeTest, AProgramThatCannotBeStartedIsNamedWithTheReason) {
  add("gone", {"/nowhere/crdbsim"});
  auto& lost = add_sleeper("lost");
  lost.cwd = "/nowhere";
  auto& mute = add_sleeper("mute");
  mute.log_file = "/nowhere/log";
  auto& anonymous = add_sleeper("anonymous");
  anonymous.pid_file = "/nowhere/pid";
  ProcessRuntime runtime{specs_};
  const std::pair<const char*, const char*> cases[]{
      {"gone", "cannot execute its program (No such file or directory)"},
      {"lost", "cannot enter its working folder (No such file or directory)"},
      {"mute", "cannot set up its output"},
      {"anonymous", "cannot write its pid file (No such file or directory)"}};
  for (const auto& [name, reason] : cases) {
    const auto started = runtime.start("process:" + std::string{name}, in(5s));
    ASSERT_FALSE(started) << name;
    EXPECT_EQ(started.error().code, ErrorCode::upstream);
    EXPECT_THAT(started.error().message, HasSubstr(name));
    EXPECT_THAT(started.error().message, HasSubstr(reason));
  }
}

TEST_F(ProcessRuntimeTest, AProgramThatEndsAtOnceDidNotStart) {
  const auto& spec = add("n1", {"perl", "-e", "print 'port in use'; exit 1"});
  ProcessRuntime runtime{specs_};
  const auto started = runtime.start("process:n1", in(5s));
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr(spec.log_file));
}

TEST_F(ProcessRuntimeTest, AnUnknownTargetIsNotFound) {
  add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  for (const char* id : {"n1", "process:", "process:n2", ""}) {
    EXPECT_EQ(runtime.inspect(id, in(1s)).error().code, ErrorCode::not_found);
    EXPECT_EQ(runtime.stop(id, 1s, in(1s)).error().code, ErrorCode::not_found);
    EXPECT_EQ(runtime.kill(id, in(1s)).error().code, ErrorCode::not_found);
    EXPECT_EQ(runtime.pause(id, in(1s)).error().code, ErrorCode::not_found);
    EXPECT_EQ(runtime.unpause(id, in(1s)).error().code, ErrorCode::not_found);
    EXPECT_EQ(runtime.start(id, in(1s)).error().code, ErrorCode::not_found);
  }
}

TEST_F(ProcessRuntimeTest, AnExitEndsTheWaitAtOnce) {
  add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  ProcessRuntime killer{specs_};
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  std::ignore = runtime.list(in(1s));
  std::jthread later{[&] { EXPECT_TRUE(killer.kill("process:n1", in(5s))); }};
  EXPECT_TRUE(runtime.wait_for_change(in(10s), {}));
  EXPECT_EQ(runtime.list(in(1s))->front().state, ContainerState::exited);
}

TEST_F(ProcessRuntimeTest, WhatChangedBeforeTheWaitEndsItToo) {
  add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  ProcessRuntime other{specs_};
  std::ignore = runtime.list(in(1s));
  ASSERT_TRUE(other.start("process:n1", in(5s)));
  const auto started = std::chrono::steady_clock::now();
  EXPECT_TRUE(runtime.wait_for_change(in(10s), {}));
  EXPECT_LT(std::chrono::steady_clock::now() - started, 5s);
}

TEST_F(ProcessRuntimeTest, APauseByAnybodyEndsTheWait) {
  add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  ProcessRuntime other{specs_};
  ASSERT_TRUE(runtime.start("process:n1", in(5s)));
  std::ignore = runtime.list(in(1s));
  std::jthread later{[&] { EXPECT_TRUE(other.pause("process:n1", in(5s))); }};
  EXPECT_TRUE(runtime.wait_for_change(in(10s), {}));
  EXPECT_EQ(runtime.list(in(1s))->front().state, ContainerState::paused);
}

TEST_F(ProcessRuntimeTest, WithoutAChangeTheWaitEndsAtItsDeadlineOrWhenStopped) {
  add_sleeper("n1");
  ProcessRuntime runtime{specs_};
  std::ignore = runtime.list(in(1s));
  const auto started = std::chrono::steady_clock::now();
  EXPECT_TRUE(runtime.wait_for_change(in(20ms), {}));
  EXPECT_GE(std::chrono::steady_clock::now() - started, 20ms);
  std::stop_source stop;
  std::jthread stopper{[&] { stop.request_stop(); }};
  EXPECT_TRUE(runtime.wait_for_change(in(1h), stop.get_token()));
}

}  // namespace
}  // namespace faultline::chaos
