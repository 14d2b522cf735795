// What a message to a client costs: the stream against a bare loop of sends, in
// turns in one run, each side in a process of its own. Prints one JSON object.

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bench/stream/shared.hpp"
#include "common/base/ensure.hpp"

namespace {

using namespace faultline;
using bench::Kind;

/// Runs `work` in a child and gives what it returned. Forked, so that each side has
/// its own CPU time and memory.
template <class Figures>
class Child {
 public:
  explicit Child(const std::function<Figures()>& work) {
    FAULTLINE_ENSURE(::pipe(pipe_) == 0, "two file descriptors are free");
    pid_ = ::fork();
    FAULTLINE_ENSURE(pid_ >= 0, "one more process may run");
    if (pid_ != 0) return;
    const Figures figures = work();
    ::_exit(::write(pipe_[1], &figures, sizeof figures) == sizeof figures ? 0 : 1);
  }
  Figures wait() {
    ::close(pipe_[1]);
    Figures figures;
    const bool whole = ::read(pipe_[0], &figures, sizeof figures) == sizeof figures;
    ::close(pipe_[0]);
    ::waitpid(pid_, nullptr, 0);
    FAULTLINE_ENSURE(whole, "a side of the bench ended early");
    return figures;
  }

 private:
  int pipe_[2] = {-1, -1};
  pid_t pid_ = 0;
};

struct Run {
  bench::SenderFigures sender;
  bench::ReaderFigures reader;
  [[nodiscard]] double us_per_message() const {
    return sender.cpu_s * 1e6 / static_cast<double>(reader.messages);
  }
};

Run run_once(Kind kind, const bench::Load& load) {
  void* memory = ::mmap(nullptr, sizeof(bench::Shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  FAULTLINE_ENSURE(memory != MAP_FAILED, "some pages are free");
  auto* shared = new (memory) bench::Shared;
  Child<bench::SenderFigures> sender{[&] { return bench::send_all(kind, load, *shared); }};
  Child<bench::ReaderFigures> reader{[&] { return bench::read_all(kind, load, *shared); }};
  Run run;
  run.sender = sender.wait();
  run.reader = reader.wait();
  ::munmap(memory, sizeof(bench::Shared));
  return run;
}

/// The run in the middle by cost: one disturbed by the machine does not count.
nlohmann::json summary(std::vector<Run> runs, const bench::Load& load) {
  std::sort(runs.begin(), runs.end(),
            [](const Run& a, const Run& b) { return a.us_per_message() < b.us_per_message(); });
  const Run& run = runs[runs.size() / 2];
  const double expected = static_cast<double>(load.clients) * load.messages;
  return {{"us_per_message", run.us_per_message()},
          {"bytes_per_message", run.reader.bytes / std::max<std::int64_t>(1, run.reader.messages)},
          {"delivered", static_cast<double>(run.reader.messages) / expected},
          {"p50_ms", run.reader.p50_ms},
          {"p99_ms", run.reader.p99_ms},
          {"max_ms", run.reader.max_ms},
          {"rss_mb", static_cast<double>(run.sender.rss_kb) / 1024}};
}

}  // namespace

int main(int argc, char** argv) {
  bench::Load load;
  int rounds = 3;
  CLI::App app{"The cost of a message to a client, against a bare loop of sends"};
  app.add_option("--clients", load.clients)->check(CLI::Range(1, 9000));
  app.add_option("--messages", load.messages)
      ->check(CLI::Range(1, static_cast<int>(bench::kMessagesMax) - 1));
  app.add_option("--period-ms", load.period_ms)->check(CLI::Range(1, 10'000));
  app.add_option("--rounds", rounds)->check(CLI::Range(1, 99));
  CLI11_PARSE(app, argc, argv);

  std::vector<Run> loop;
  std::vector<Run> bare;
  std::vector<Run> v1;
  for (int round = 0; round < rounds; ++round) {
    loop.push_back(run_once(Kind::loop, load));
    bare.push_back(run_once(Kind::bare, load));
    v1.push_back(run_once(Kind::v1, load));
  }
  nlohmann::json out{{"clients", load.clients},     {"messages", load.messages},
                     {"period_ms", load.period_ms}, {"loop", summary(loop, load)},
                     {"bare", summary(bare, load)}, {"v1", summary(v1, load)}};
  const double measure = out["loop"]["us_per_message"];
  for (const char* kind : {"bare", "v1"}) {
    out[kind]["ratio"] = out[kind]["us_per_message"].get<double>() / measure;
  }
  std::printf("%s\n", out.dump().c_str());
  return 0;
}
