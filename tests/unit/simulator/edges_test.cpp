// The edges of a simulated node: what comes from the wire, the disk and the command line.
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "simulator/cluster/engine.hpp"
#include "simulator/cluster/layout.hpp"
#include "simulator/host/control.hpp"
#include "simulator/host/disks.hpp"
#include "simulator/host/file_store.hpp"
#include "simulator/host/options.hpp"
#include "simulator/http/pages.hpp"
#include "simulator/tables/settings.hpp"
#include "tests/unit/simulator/no_store.hpp"

namespace faultline::sim {
namespace {

class Directory {
 public:
  Directory() {
    std::string name = std::filesystem::temp_directory_path() / "crdbsim-test-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

cluster::Copy copy_of(cluster::RangeNumber range) {
  cluster::Copy copy;
  copy.state.descriptor.range = range;
  for (const int each : {1, 2, 3}) copy.state.descriptor.place(each, each);
  copy.state.rows["old"] = "1";
  return copy;
}

TEST(Message, WhatIsNoMessageIsRefusedWhole) {
  for (const char* text :
       {"", "{", "[]", "null", "7", R"({"m":"prepare"})", R"({"m":5,"b":{}})",
        R"({"m":"prepare","b":{"range":1}})", R"({"m":"ping","b":[]})", R"({"m":"nothing","b":{}})",
        R"({"m":"prepare","b":{"range":"1","ballot":{"round":1,"node":1}}})"}) {
    EXPECT_FALSE(cluster::decode(text)) << text;
  }
}

TEST(Message, EveryFieldSurvivesTheWire) {
  cluster::KvRequest request;
  request.id = 7;
  request.range = 9;
  request.op = cluster::KvOp::write;
  request.puts = {{"key", std::string("\x01\xff value", 8), ""}};
  request.erases = {"gone"};
  const auto back = cluster::decode(cluster::encode(request));
  ASSERT_TRUE(back);
  const auto& read = std::get<cluster::KvRequest>(*back);
  EXPECT_EQ(read.id, 7U);
  EXPECT_EQ(read.op, cluster::KvOp::write);
  ASSERT_EQ(read.puts.size(), 1U);
  EXPECT_EQ(read.puts[0].key, "key");
  EXPECT_EQ(read.puts[0].expect, "");
  EXPECT_EQ(read.erases, std::vector<std::string>{"gone"});
}

TEST(FileStore, GivesBackWhatWasPromisedEvenAfterATornLine) {
  const Directory directory;
  {
    auto store = host::FileStore::open(directory / "s");
    ASSERT_TRUE(store);
    (*store)->save_identity(3, 7, "cluster");
    (*store)->save_copy(copy_of(5));
    (*store)->save_copy(copy_of(6));
    cluster::Change change;
    change.puts = {{"new", "2"}};
    change.erases = {"old"};
    cluster::Copy after = copy_of(5);
    after.index = 4;
    after.promised = {9, 1};
    (*store)->save_change(after, change);
    (*store)->drop_copy(6);
  }
  std::ofstream(directory / "s/crdbsim.ndjson", std::ios::app) << R"({"t":"copy","copy":{"prom)";
  auto store = host::FileStore::open(directory / "s");
  ASSERT_TRUE(store);
  const auto saved = (*store)->take_saved();
  EXPECT_EQ(saved.node, 3);
  EXPECT_EQ(saved.store, 7);
  EXPECT_EQ(saved.cluster_id, "cluster");
  ASSERT_EQ(saved.copies.size(), 1U);
  const cluster::Copy& copy = saved.copies.at(5);
  EXPECT_EQ(copy.index, 4U);
  EXPECT_EQ(copy.promised, (cluster::Ballot{9, 1}));
  EXPECT_EQ(copy.state.rows, (cluster::Rows{{"new", "2"}}));
}

TEST(FileStore, RefusesADirectoryThatAnotherProcessUses) {
  const Directory directory;
  auto first = host::FileStore::open(directory / "s");
  ASSERT_TRUE(first);
  const auto second = host::FileStore::open(directory / "s");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().field, "--store");
}

TEST(FileStore, RefusesAPathThatIsNoDirectory) {
  const Directory directory;
  std::ofstream(directory / "file") << "x";
  EXPECT_FALSE(host::FileStore::open(directory / "file/s"));
}

TEST(Options, TakeTheFlagsOfACockroachComposeFile) {
  const auto options = host::parse(
      {"start", "--insecure", "--store=path=/data", "--listen-addr=0.0.0.0:26300",
       "--advertise-addr=node1:26300", "--http-addr", "0.0.0.0:8081", "--join=node1,node2:26301",
       "--locality=region=a,zone=b", "--cache=.25", "--max-sql-memory=64MiB", "--time-scale=4"});
  ASSERT_TRUE(options) << options.error().field;
  const host::StartOptions& start = options->start;
  ASSERT_EQ(start.stores.size(), 1U);
  EXPECT_EQ(start.stores.front().path, "/data");
  EXPECT_EQ(start.advertise_address, "node1:26300");
  EXPECT_EQ(start.advertise_sql_address, "node1:26300");
  EXPECT_EQ(start.advertise_http_address, "node1:8081");
  EXPECT_EQ(start.join, (std::vector<std::string>{"node1:26257", "node2:26301"}));
  EXPECT_FALSE(start.sql_separate);
  EXPECT_EQ(start.time_scale, 4);
}

TEST(Options, ANodeMayHaveSeveralStores) {
  const auto options = host::parse({"start", "--insecure", "--store=path=/one,attrs=ssd:fast",
                                    "--store=/two,size=20GiB", "--store", "type=mem,size=25%"});
  ASSERT_TRUE(options) << options.error().message;
  const auto& stores = options->start.stores;
  ASSERT_EQ(stores.size(), 3U);
  EXPECT_EQ(stores[0].path, "/one");
  EXPECT_EQ(stores[0].attributes, (std::vector<std::string>{"ssd", "fast"}));
  EXPECT_FALSE(stores[0].size);
  EXPECT_EQ(stores[1].path, "/two");
  EXPECT_EQ(stores[1].size, std::int64_t{20} << 30);
  EXPECT_EQ(stores[2].path, "");
  EXPECT_EQ(stores[2].size, cluster::kDiskBytes / 4);
}

// A store of somebody else's would be taken for one of this node's own.
TEST(Disks, StoresOfTwoNodesAreNotOneNodes) {
  const Directory directory;
  host::FileStore::open(directory / "one").value()->save_identity(3, 7, "cluster");
  host::FileStore::open(directory / "two").value()->save_identity(4, 8, "cluster");
  const auto spec = [&](const char* name) { return host::StoreSpec{directory / name, {}, {}}; };
  const auto mixed = host::open_disks({spec("one"), spec("new"), spec("two")});
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().field, "--store");
  EXPECT_NE(mixed.error().message.find("node 4"), std::string::npos) << mixed.error().message;
  const auto own = host::open_disks({spec("new"), spec("one")});
  ASSERT_TRUE(own);
  EXPECT_EQ(own->disks[0].saved.node, 0);
  EXPECT_EQ(own->disks[1].saved.store, 7);
}

TEST(Options, AProfileComesFromTheFlagElseFromTheEnvironmentElseIsTheRecordedOne) {
  const auto profile = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"start", "--insecure"});
    const auto options = host::parse(more);
    return options ? options->start.profile : "refused: " + options.error().field;
  };
  ::unsetenv("CRDBSIM_PROFILE");
  EXPECT_EQ(profile({}), "22.1");
  EXPECT_EQ(profile({"--profile=v24.3"}), "24.3");
  EXPECT_EQ(profile({"--profile=24.4"}), "refused: --profile");
  ::setenv("CRDBSIM_PROFILE", "25.2", 1);
  EXPECT_EQ(profile({}), "25.2");
  EXPECT_EQ(profile({"--profile=26.1"}), "26.1") << "the flag is nearer";
  ::setenv("CRDBSIM_PROFILE", "2", 1);
  EXPECT_EQ(profile({}), "refused: CRDBSIM_PROFILE");
  ::unsetenv("CRDBSIM_PROFILE");
}

TEST(Options, ANodeIsEitherInsecureOrHasCertificates) {
  EXPECT_EQ(host::parse({"start", "--certs-dir=certs"})->start.certs_dir, "certs");
  EXPECT_FALSE(host::parse({"start"}));
  EXPECT_FALSE(host::parse({"start", "--insecure", "--certs-dir=certs"}));
  EXPECT_FALSE(host::parse({"start", "--certs-dir="}));
}

TEST(Options, NodeCommandsTakeIdsAndNothingElse) {
  const auto leave = host::parse({"node", "decommission", "4", "5", "--wait=none", "--insecure"});
  ASSERT_TRUE(leave) << leave.error().field;
  EXPECT_EQ(leave->verb, host::Verb::decommission);
  EXPECT_EQ(leave->nodes, (std::vector<std::int64_t>{4, 5}));
  EXPECT_FALSE(leave->wait);
  EXPECT_EQ(host::parse({"node", "drain", "3", "--insecure"})->verb, host::Verb::drain);
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"node", "decommission", "--insecure"},
        {"node", "drain", "1", "2", "--insecure"},
        {"node", "decommission", "0", "--insecure"},
        {"node", "decommission", "x", "--insecure"},
        {"node", "decommission", "4", "--wait=some", "--insecure"},
        {"node", "explode", "4", "--insecure"},
        {"init", "4", "--insecure"}}) {
    EXPECT_FALSE(host::parse(wrong)) << wrong[1];
  }
}

TEST(Options, NameTheFlagThatIsWrong) {
  const std::pair<std::vector<std::string>, const char*> wrong[] = {
      {{"start", "--insecure", "--nonsense"}, "--nonsense"},
      {{"start", "--insecure", "--nonsense=1"}, "--nonsense"},
      {{"start", "--insecure", "--listen-addr=a:b"}, "--listen-addr"},
      {{"start", "--insecure", "--http-addr=a:70000"}, "--http-addr"},
      {{"start", "--insecure", "--time-scale=0"}, "--time-scale"},
      {{"start", "--insecure", "--time-scale=fast"}, "--time-scale"},
      {{"start", "--insecure", "--background"}, "--background"},
      {{"start", "--insecure", "--store=a", "--store=path=a"}, "--store"},
      {{"start", "--insecure", "--store="}, "--store"},
      {{"start", "--insecure", "--store=a,size=0"}, "--store"},
      {{"start", "--insecure", "--store=a,size=9apples"}, "--store"},
      {{"start", "--insecure", "--store=a,colour=red"}, "--store"},
      {{"start", "--insecure", "--store=a,type=mem,size=1GiB"}, "--store"},
      {{"start", "--insecure", "--store=type=tape,size=1GiB"}, "--store"},
      {{"start", "--insecure", "--store=type=mem"}, "--store"},
      {{"start", "--insecure", "--locality"}, "--locality"},
      {{"start"}, "--insecure"},
      {{"init", "--insecure", "--join=a"}, "--join"},
      {{"fly"}, "fly"}};
  for (const auto& [arguments, field] : wrong) {
    const auto options = host::parse(arguments);
    ASSERT_FALSE(options) << field;
    EXPECT_EQ(options.error().field, field);
    EXPECT_FALSE(options.error().message.empty());
  }
}

TEST(Settings, DurationsAreReadAndPrintedAsTheServerDoes) {
  EXPECT_EQ(tables::duration_seconds("1m15s"), 75);
  EXPECT_EQ(tables::duration_seconds("90s"), 90);
  EXPECT_EQ(tables::duration_seconds("1h2m"), 3720);
  EXPECT_EQ(tables::duration_seconds("500ms"), 0.5);
  for (const char* bad : {"", "x", "5 parsecs", "-1s", "1m x"}) {
    EXPECT_FALSE(tables::duration_seconds(bad)) << bad;
  }
  EXPECT_EQ(tables::duration_text(300), "5m0s");
  EXPECT_EQ(tables::duration_text(75), "1m15s");
  EXPECT_EQ(tables::duration_text(15), "15s");
}

class OneNode : public testing::Test {
 protected:
  NoStore store_;
  cluster::NodeConfig config_{"a:1", "a:1", "a:2", "zone=a", {}, 1.0, 1};
  cluster::Node node_{config_, {{&store_, {}, {}}}, cluster::wall_now()};
  cluster::Engine engine_{node_, [] {}};

  http::Page get(const std::string& target) { return http::page(engine_, target); }
};

TEST_F(OneNode, PagesOfANodeWithoutACluster) {
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(get("/health").body, "{\n\n}");
  EXPECT_EQ(get("/health?ready=1").status, 503);
  EXPECT_EQ(get("/_status/vars").status, 404);
  EXPECT_EQ(get("/_status/vars").body, "404 page not found\n");
  EXPECT_EQ(get("/anything").status, 404);
}

TEST_F(OneNode, NotHealthyIsSaidInTheRecordedBytes) {
  node_.bootstrap("id", cluster::wall_now());
  EXPECT_EQ(get("/health?ready=1").body.size(), 118U) << "liveness record not found";
  for (int i = 0; i < 50; ++i) node_.step(cluster::wall_now());
  EXPECT_EQ(get("/health?ready=1").status, 200);
  EXPECT_EQ(get("/_admin/v1/health").status, 200);
  node_.start_draining(cluster::wall_now());
  EXPECT_NE(get("/health?ready=1").body.find("\"node is shutting down\""), std::string::npos);
}

TEST_F(OneNode, VarsHaveEveryRecordedNameOnceAndTheNodesLabels) {
  node_.bootstrap("id", cluster::wall_now());
  for (int i = 0; i < 50; ++i) node_.step(cluster::wall_now());
  const std::string body = get("/_status/vars").body;
  std::size_t types = 0;
  for (std::size_t at = body.find("# TYPE "); at != std::string::npos;
       at = body.find("# TYPE ", at + 1)) {
    ++types;
  }
  EXPECT_EQ(types, 873U);
  EXPECT_NE(body.find("node_id{advertise_addr=\"a:1\",http_addr=\"a:2\",sql_addr=\"a:1\"} 1\n"),
            std::string::npos);
  EXPECT_NE(body.find("\nliveness_livenodes 1\n"), std::string::npos);
  EXPECT_NE(body.find("\nreplicas{store=\"1\"} 44\n"), std::string::npos);
}

// Until 22.2 a store's series say which store alone, from 23.1 on which node as well; the
// first store of a new cluster begins with all of its ranges.
TEST(Vars, EachStoreHasItsOwnSeriesUnderOneHeader) {
  for (const auto& [release, node] :
       {std::pair(cluster::Release::v22_2, ""), {cluster::Release::v23_1, ",node_id=\"1\""}}) {
    NoStore one, two;
    cluster::NodeConfig config{"a:1", "a:1", "a:2", "zone=a", {}, 1.0, 1};
    config.profile = &cluster::profile(release);
    cluster::Node owner{config, {{&one, {}, {}}, {&two, {}, {}}}, cluster::wall_now()};
    cluster::Engine engine{owner, [] {}};
    owner.bootstrap("id", cluster::wall_now());
    for (int i = 0; i < 50; ++i) owner.step(cluster::wall_now());
    const std::string body = http::page(engine, "/_status/vars").body;
    const auto value = [&](const std::string& before) {
      const auto at = body.find("\n" + before + " ");
      return at == std::string::npos ? -1 : std::atoi(body.c_str() + at + before.size() + 2);
    };
    const int first =
        value("# TYPE replicas gauge\nreplicas{store=\"1\"" + std::string(node) + "}");
    const int second = value("replicas{store=\"2\"" + std::string(node) + "}");
    EXPECT_GE(first, 40) << node;
    EXPECT_GE(second, 0) << node;
    EXPECT_EQ(first + second, 44) << "the second is filled from the first, one by one";
    EXPECT_EQ(value("liveness_livenodes") == 1, *node == '\0');
  }
}

TEST_F(OneNode, ControlAnswersTheSecondInitWithTheRecordedSentence) {
  EXPECT_NE(host::answer_control(engine_, R"({"verb":"init"})").find("\"ok\":true"),
            std::string::npos);
  EXPECT_NE(host::answer_control(engine_, R"({"verb":"init"})")
                .find("cluster has already been initialized"),
            std::string::npos);
  for (const char* bad : {"", "{", "[]", R"({"verb":7})", R"({"verb":"fly"})"}) {
    EXPECT_NE(host::answer_control(engine_, bad).find("\"ok\":false"), std::string::npos) << bad;
  }
}

TEST_F(OneNode, AskEndsAtItsDeadlineAndWhenCancelled) {
  cluster::KvRequest request;
  request.range = cluster::kMetaRange;
  cluster::KvReply reply;
  cluster::Patience late;
  late.deadline = std::chrono::steady_clock::now();
  EXPECT_EQ(engine_.ask(request, late, reply), cluster::WaitEnd::timed_out);
  const std::atomic<bool> cancelled{true};
  EXPECT_EQ(engine_.ask(request, {std::nullopt, &cancelled}, reply), cluster::WaitEnd::cancelled);
}

}  // namespace
}  // namespace faultline::sim
