#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/unit/exporter/toy_cluster.hpp"

// Plays text files over a scripted cluster and compares what the exporter would have
// told. A file is a list of blocks: a command, a line of dashes, and what happened.
// FAULTLINE_REWRITE=1 writes what happened; then read the difference.
//
//   nodes 5 ranges 50      start with so many nodes and ranges
//   kill 2 3 | pause 1 | isolate 3 | start 2 (also resumes and joins again)
//   cut 2 4 | mend 2 4     two nodes that cannot see each other, and can again
//   container 2 exited     what chaosd says about the container of a node
//   wait 20                seconds, looked at every 200 ms

namespace faultline::test {
namespace {

namespace fs = std::filesystem;

class Player {
 public:
  std::string play(const std::string& command) {
    std::istringstream words{command};
    std::string verb;
    words >> verb;
    std::string told;
    if (verb == "nodes") {
      int nodes = 0;
      int ranges = 0;
      words >> nodes >> verb >> ranges;
      cluster_ = std::make_unique<ToyCluster>(nodes, ranges);
      started_ = cluster_->now;
    } else if (verb == "wait") {
      double seconds = 0;
      words >> seconds;
      for (int step = 0; step < static_cast<int>(seconds * 5); ++step) {
        cluster_->advance(milliseconds{200});
        told += look();
      }
    } else if (verb == "cut" || verb == "mend") {
      int a = 0;
      int b = 0;
      words >> a >> b;
      verb == "cut" ? cluster_->cut(a, b) : cluster_->mend(a, b);
    } else if (verb == "container") {
      int node = 0;
      std::string state;
      words >> node >> state;
      cluster_->set_container(node, parse_enum<ContainerState>(state).value());
    } else {
      for (int node = 0; words >> node;) cluster_->set(node, state_of(verb));
    }
    told += look();
    return told + summary();
  }

 private:
  static ToyCluster::State state_of(const std::string& verb) {
    if (verb == "kill") return ToyCluster::State::killed;
    if (verb == "pause") return ToyCluster::State::paused;
    if (verb == "isolate") return ToyCluster::State::isolated;
    EXPECT_EQ(verb, "start") << "unknown command";
    return ToyCluster::State::up;
  }

  /// The events of one look, with their time since the start.
  std::string look() {
    cluster_->look();
    std::string lines;
    for (const auto& event : cluster_->last_events()) {
      char time[32];
      const auto ms = (cluster_->now - started_).count();
      std::snprintf(time, sizeof time, "%6.1f s  ", static_cast<double>(ms) / 1000.0);
      lines += time + std::string{to_string(event.kind)} + ": " + event.sentence + "\n";
    }
    return lines;
  }

  std::string summary() {
    const auto& snapshot = *cluster_->memory.previous;
    std::string line = "= " + std::string{to_string(snapshot.verdict.state)} + ":";
    for (const auto& node : snapshot.nodes) {
      line += " n" + std::to_string(node.id.value) + " " +
              std::string{to_string(node.process.state)} + "/" +
              std::string{to_string(node.liveness.state)};
    }
    const auto number = [](const std::optional<std::int64_t>& value) {
      return value ? std::to_string(*value) : std::string{"?"};
    };
    return line + " | without quorum " + number(snapshot.ranges_unavailable) +
           ", under-replicated " + number(snapshot.ranges_underreplicated) + "\n";
  }

  std::unique_ptr<ToyCluster> cluster_;
  WallTime started_;
};

/// The file with each block's output replaced by what happened now.
std::string replay(const std::string& text) {
  Player player;
  std::istringstream lines{text};
  std::string out;
  std::string command;
  bool in_output = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "----") {
      out += line + "\n" + player.play(command);
      in_output = true;
    } else if (line.empty() && in_output) {
      out += "\n";
      in_output = false;
    } else if (!in_output) {
      out += line + "\n";
      if (!line.empty() && line.front() != '#') command = line;
    }
  }
  return out;
}

std::string read_file(const fs::path& path) {
  std::ifstream file{path};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, TellsTheSameStory) {
  const auto path = fs::path{FAULTLINE_SOURCE_DIR} / "tests/scenario/exporter" / GetParam();
  const auto wanted = read_file(path);
  ASSERT_FALSE(wanted.empty()) << path;
  const auto happened = replay(wanted);
  if (std::getenv("FAULTLINE_REWRITE") != nullptr) std::ofstream{path} << happened;
  EXPECT_EQ(happened, wanted) << "FAULTLINE_REWRITE=1 writes what happened";
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  auto name = info.param.substr(0, info.param.find('.'));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Journeys, Scenario,
                         testing::Values("all-paused.txt", "blip-after-a-kill.txt",
                                         "cut-off-from-each-other.txt", "five-nodes-two-killed.txt",
                                         "isolated-node.txt", "one-killed-and-back.txt",
                                         "stop-with-container.txt", "two-of-three-killed.txt",
                                         "two-that-cannot-see-each-other.txt"),
                         name_of);

}  // namespace
}  // namespace faultline::test
