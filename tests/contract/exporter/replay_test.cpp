#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>

#include "exporter/observe/assemble.hpp"
#include "tests/unit/exporter/good_reading.hpp"

// Outages of a real server, played through `assemble`: what its nodes said of themselves
// and of each other, second by second, with what was done to them. data/replay/ has what
// changed: "<second> <node> gauges <live nodes> <ranges> <unavailable> <under-replicated>
// <leaseholders> [<ready>]", "... gossip <node>=<live or lost>@<epoch>[+<membership>] ...",
// "... placement <ranges>x<nodes> ..." where it is known, and "... act <what> <nodes>".
// When a record expires was not sampled: 4 s after gossip has lost its node, as in the
// samples of gossip_liveness. "... seeds <nodes>" are the addresses of an exporter that has never
// heard of anybody, and "... ready <status>" is the answer of a node that tells nothing else.

namespace faultline::observe {
namespace {

using test::good;

struct Line {
  milliseconds at{0};
  std::string who, kind;
  std::vector<std::string> words;
};

std::vector<Line> recorded(const std::string& name) {
  std::ifstream file{std::filesystem::path{FAULTLINE_SOURCE_DIR} /
                     "tests/contract/exporter/data/replay" / (name + ".txt")};
  EXPECT_TRUE(file) << name;
  std::vector<Line> lines;
  std::string text;
  while (std::getline(file, text)) {
    if (text.starts_with('#')) continue;
    std::istringstream words{text};
    double seconds = 0;
    Line line;
    words >> seconds >> line.who >> line.kind;
    line.at = milliseconds{static_cast<std::int64_t>(seconds * 1000)};
    for (std::string word; words >> word;) line.words.push_back(word);
    lines.push_back(std::move(line));
  }
  return lines;
}

/// What the recording has said so far, as the sources would read it.
class Player {
 public:
  explicit Player(const std::string& name) : lines_(recorded(name)) {
    EXPECT_GT(lines_.size(), 2U) << name;
  }

  /// The pictures until `end` after the act, one every 200 ms, by their time.
  std::vector<std::pair<milliseconds, ClusterSnapshot>> play(milliseconds end) {
    std::vector<std::pair<milliseconds, ClusterSnapshot>> pictures;
    std::size_t next = 0;
    for (auto at = lines_.front().at; at <= end; at += milliseconds{200}) {
      now_ = kAct + at;
      for (; next < lines_.size() && lines_[next].at <= at; ++next) take(lines_[next]);
      auto [snapshot, memory, basis, descriptors_wanted] =
          assemble(readings(), memory_, seeds_, now_);
      memory_ = std::move(memory);
      memory_.previous = std::make_shared<const ClusterSnapshot>(snapshot);
      pictures.emplace_back(at, std::move(snapshot));
    }
    return pictures;
  }

 private:
  static constexpr milliseconds kExpiresAfter{4000};
  const WallTime kAct = from_ms(1'795'423'340'000);

  struct Seen {
    bool live = true;
    std::int64_t epoch = 1;
    sources::Membership membership = sources::Membership::active;
    bool draining = false;
    WallTime lost_at;
  };
  struct Node {
    ProcessState state = ProcessState::reachable;
    std::optional<bool> ready;
    std::optional<sources::NodeVars> vars;
    std::map<std::int64_t, Seen> gossip;
  };

  static std::string sql(std::int64_t id) { return "n" + std::to_string(id) + ":26257"; }
  static std::string http(std::int64_t id) { return "n" + std::to_string(id) + ":8080"; }

  void take(const Line& line) {
    if (line.kind == "act") return act(line.words);
    if (line.kind == "placement") return place(line.words);
    if (line.kind == "seeds") return start_with(line.words);
    const std::int64_t id = std::stoll(line.who.substr(1));
    auto& node = nodes_[id];
    if (line.kind == "ready") {
      node.ready = line.words.at(0) == "200";
      return;
    }
    if (line.kind == "gossip") {
      for (const auto& word : line.words) hear(node, word);
      return;
    }
    sources::NodeVars vars;
    vars.node_id = NodeId{id};
    vars.sql_address = vars.advertise_address = sql(id);
    const auto number = [&](std::size_t i) { return std::stoll(line.words.at(i)); };
    vars.live_nodes = number(0);
    if (line.words.at(1) != "-") vars.ranges = number(1);
    vars.ranges_unavailable = number(2);
    vars.ranges_underreplicated = number(3);
    vars.leaseholders = number(4);
    vars.stores = {StoreId{id}};
    if (line.words.size() > 5) node.ready = line.words[5] == "200";
    node.vars = std::move(vars);
  }

  void act(const std::vector<std::string>& words) {
    const std::map<std::string, ProcessState> becomes{{"kill", ProcessState::unreachable},
                                                      {"drain", ProcessState::unreachable},
                                                      {"pause", ProcessState::unresponsive},
                                                      {"start", ProcessState::reachable},
                                                      {"resume", ProcessState::reachable}};
    const auto found = becomes.find(words.front());
    if (found == becomes.end()) return;  // A network failure: we reach them all.
    for (std::size_t i = 1; i < words.size(); ++i) {
      nodes_[std::stoll(words[i])].state = found->second;
    }
  }

  void start_with(const std::vector<std::string>& nodes) {
    for (const auto& node : nodes) {
      seeds_.sql.push_back(sql(std::stoll(node)));
      seeds_.http.push_back(http(std::stoll(node)));
    }
  }

  void place(const std::vector<std::string>& words) {
    sources::PlacementPart part;
    for (const auto& word : words) {
      sources::VoterGroup group;
      const auto times = word.find('x');
      group.ranges = std::stoll(word.substr(0, times));
      std::istringstream voters{word.substr(times + 1)};
      for (std::string voter; std::getline(voters, voter, ',');) {
        group.voters.push_back(StoreId{std::stoll(voter)});
        part.stores[group.voters.back()] = NodeId{std::stoll(voter)};
        nodes_[std::stoll(voter)];
      }
      part.ranges += group.ranges;
      part.groups.push_back(std::move(group));
    }
    placement_ = good(std::move(part), now_);
  }

  void hear(Node& node, const std::string& word) {
    const auto equals = word.find('='), at = word.find('@'), plus = word.find('+');
    auto& seen = node.gossip[std::stoll(word.substr(0, equals))];
    const bool live = word.compare(equals + 1, 4, "live") == 0;
    if (seen.live && !live) seen.lost_at = now_;
    seen.live = live;
    if (at != std::string::npos) seen.epoch = std::stoll(word.substr(at + 1));
    const auto flags = plus == std::string::npos ? "" : word.substr(plus);
    const auto says = [&](const char* flag) { return flags.find(flag) != std::string::npos; };
    seen.draining = says("+draining");
    seen.membership = says("+decommissioned")    ? sources::Membership::decommissioned
                      : says("+decommissioning") ? sources::Membership::decommissioning
                                                 : sources::Membership::active;
  }

  Readings readings() {
    Readings readings;
    sources::ProcessPart process;
    sources::MetricsPart metrics;
    std::vector<std::int64_t> witnesses;
    for (const auto& [id, node] : nodes_) {
      const bool answers = node.state == ProcessState::reachable;
      process.probes.push_back({sql(id), http(id), node.state, answers ? "" : "no answer",
                                answers ? node.ready : std::nullopt});
      metrics.identities.push_back({sql(id), NodeId{id}, http(id)});
      if (answers && node.vars) metrics.pages.push_back({http(id), node.vars, {}, now_});
      if (answers && !node.gossip.empty()) witnesses.push_back(id);
    }
    // As gateways are chosen: those that are ready first.
    std::stable_sort(witnesses.begin(), witnesses.end(), [&](std::int64_t a, std::int64_t b) {
      return nodes_[a].ready.value_or(true) > nodes_[b].ready.value_or(true);
    });
    readings.process = good(std::move(process), now_);
    readings.metrics = good(std::move(metrics), now_);
    readings.gossip.emplace();
    readings.second_gossip.emplace();
    if (!witnesses.empty()) readings.gossip = good(view(witnesses[0]), now_, sql(witnesses[0]));
    if (witnesses.size() > 1) {
      readings.second_gossip = good(view(witnesses[1]), now_, sql(witnesses[1]));
    }
    if (placement_) readings.placement = *placement_;
    return readings;
  }

  sources::GossipView view(std::int64_t witness) {
    sources::GossipView view{sql(witness), NodeId{witness},
                             "a cluster",  "CockroachDB CCL v22.1.0-alpha.20220214 (linux amd64)",
                             now_,         {}};
    const auto& vars = nodes_[witness].vars;
    for (const auto& [id, seen] : nodes_[witness].gossip) {
      sources::GossipRow row;
      row.id = NodeId{id};
      row.epoch = seen.epoch;
      row.membership = seen.membership;
      row.draining = seen.draining;
      row.is_live = seen.live;
      const bool not_itself = id == witness && vars && vars->live_nodes == 0;
      row.expires_at = not_itself  ? now_ - milliseconds{1}
                       : seen.live ? now_ + milliseconds{6000}
                                   : seen.lost_at + kExpiresAfter;
      row.address = row.sql_address = sql(id);
      row.build_tag = "v22.1.0-alpha.20220214";
      view.rows.push_back(std::move(row));
    }
    return view;
  }

  std::vector<Line> lines_;
  std::map<std::int64_t, Node> nodes_;
  std::optional<poll::Reading<sources::PlacementPart>> placement_;
  Memory memory_;
  Seeds seeds_;
  WallTime now_ = kAct;
};

struct Recording {
  const char* name;
  /// From when until when there was an outage, in seconds after the act; 0 and 0: never.
  int outage_from, outage_until;
  int looked_at;  ///< And then the headline is:
  const char* sentence;
};

void PrintTo(const Recording& recording, std::ostream* out) { *out << recording.name; }

constexpr Recording kRecordings[] = {
    {"one-killed", 0, 0, 30, "Available, but one more node lost would take quorum from 65 ranges"},
    {"one-killed-with-the-liveness-lease", 0, 0, 40,
     "Available, but one more node lost would take quorum from 67 ranges"},
    {"one-paused", 0, 0, 30, "Available, but one more node lost would take quorum from 67 ranges"},
    {"two-of-three-killed", 0, 60, 40, "65 ranges without quorum: 1 of 3 nodes is up"},
    {"two-of-three-killed-breakers", 0, 60, 40, "67 ranges without quorum: 1 of 3 nodes is up"},
    {"one-cut-off", 0, 0, 30, "Available: 4 of 5 nodes are up"},
    {"one-deaf", 0, 0, 30, "Available: 4 of 5 nodes are up"},
    {"split-two-and-three", 1, 40, 38, "7 ranges without quorum, as the nodes report"},
    {"two-that-cannot-see-each-other", 0, 0, 30, "Available: 5 of 5 nodes are up"},
    {"loss-at-one", 0, 0, 20, "Available: 5 of 5 nodes are up"},
    {"one-of-five-killed-and-back", 0, 0, 20,
     "Available, but one more node lost would take quorum from 10 ranges"},
    {"one-of-five-paused-and-back", 0, 0, 20,
     "Available, but one more node lost would take quorum from 3 ranges"},
    {"one-of-five-leaves-and-back", 0, 0, 20,
     "Available, but one more node lost would take quorum from 6 ranges"},
    {"two-of-five-killed-and-back", 0, 25, 20, "5 ranges without quorum: 3 of 5 nodes are up"},
    {"one-of-four-killed-and-back", 0, 0, 20,
     "Available, but one more node lost would take quorum from 8 ranges"},
    {"one-of-four-killed-with-patient-clients", 0, 0, 20,
     "Available, but one more node lost would take quorum from 8 ranges"},
    {"one-asked-to-leave", 0, 0, 20,
     "Available, but one more node lost would take quorum from 65 ranges"},
    {"one-drained", 0, 0, 20, "Available: 5 of 5 nodes are up"},
    {"one-decommissioned", 0, 0, 105, "Available: 4 of 4 nodes are up"},
    {"one-of-four-killed-with-the-liveness-lease", 0, 0, 20,
     "Available, but one more node lost would take quorum from 8 ranges"},
    {"loss-at-one-measured", 0, 0, 20, "Available: 5 of 5 nodes are up"},
    {"one-of-four-killed-with-patient-clients-of-it", 0, 0, 20,
     "Available, but one more node lost would take quorum from 8 ranges"},
    {"one-comes-back-after-two-died", 0, 0, 16,
     "Available, but one more node lost would take quorum from 65 ranges"},
    {"two-of-five-killed", 9, 48, 46, "19 ranges without quorum, as the nodes report"},
    {"one-started-without-quorum", 0, 20, 10, "No quorum: 1 of 3 nodes answers"},
    {"one-of-five-dies-for-good", 0, 0, 60, "Available: 4 of 5 nodes are up"},
};

/// One recording, held against what was true of it.
class Replayed : public testing::TestWithParam<Recording> {
 protected:
  void judge(milliseconds at, const Verdict& verdict) {
    const auto where = testing::Message() << "at " << at.count() << " ms: " << verdict.sentence;
    const bool alarm =
        verdict.state == VerdictState::unavailable || verdict.state == VerdictState::unreachable;
    const bool over = at >= until_;
    if (!outage_ || at < from_) {
      EXPECT_FALSE(alarm) << where;
    }
    if (outage_ && !over && (raised_ || at >= told_by_)) {
      EXPECT_TRUE(alarm) << where << ", and it is not taken back";
    }
    for (const auto* opinion : {&verdict.native, &verdict.computed, &verdict.probe}) {
      EXPECT_TRUE(opinion->valid || !opinion->ranges_unavailable) << where;
      if (outage_ && raised_ && !over) {
        EXPECT_NE(opinion->ranges_unavailable, 0) << where;
      }
    }
    raised_ = raised_ || alarm;
  }

  const Recording& recording_ = GetParam();
  const milliseconds from_ = std::chrono::seconds{recording_.outage_from};
  const milliseconds until_ = std::chrono::seconds{recording_.outage_until};
  const bool outage_ = until_ > from_;
  // Processes that are gone are seen at once. An outage that only the nodes can tell of (the
  // split) takes them 9 s to see, and what may pass is held for 15 s.
  const milliseconds told_by_ = from_ == milliseconds{0} ? 200 * kMs : from_ + 25'000 * kMs;
  bool raised_ = false;

 private:
  static constexpr milliseconds kMs{1};
};

TEST_P(Replayed, IsToldAsItWas) {
  const milliseconds looked_at = std::chrono::seconds{recording_.looked_at};
  const auto end = std::max(looked_at, until_) + milliseconds{10'000};
  bool looked = false;
  for (const auto& [at, picture] : Player{recording_.name}.play(end)) {
    judge(at, picture.verdict);
    if (looked || at < looked_at) continue;
    looked = true;
    EXPECT_EQ(picture.verdict.sentence, recording_.sentence);
  }
  EXPECT_TRUE(looked);
}

std::string name_of(const testing::TestParamInfo<Recording>& recording) {
  std::string name = recording.param.name;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Recorded, Replayed, testing::ValuesIn(kRecordings), name_of);

}  // namespace
}  // namespace faultline::observe
