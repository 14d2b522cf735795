#include "chaosd/docker/docker_host.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/unit/chaosd/temporary_folder.hpp"
#include "tests/unit/common/tls_peer.hpp"

namespace faultline::chaos {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> names_of(const std::vector<std::string>& hosts) {
  const auto read = read_docker_hosts({hosts, {}, true});
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  std::vector<std::string> names;
  if (read) {
    for (const auto& host : *read) names.push_back(host.name);
  }
  return names;
}

TEST(DockerHost, TheOnlyOneNeedsNoName) {
  EXPECT_EQ(names_of({"unix:///var/run/docker.sock"}), std::vector<std::string>{""});
  EXPECT_EQ(names_of({"eu=unix:///a=b.sock"}), std::vector<std::string>{"eu"});
  EXPECT_EQ(names_of({"unix:///a=b.sock"}), std::vector<std::string>{""});
}

TEST(DockerHost, SeveralAreCalledByTheirNameOrTheirAddress) {
  EXPECT_EQ(names_of({"unix:///x.sock", "tcp://10.0.0.5:2376", "us=tcp://10.0.0.6:2376"}),
            (std::vector<std::string>{"local", "10.0.0.5", "us"}));
}

TEST(DockerHost, WhatWillNotDoIsSaidInOneSentence) {
  struct Row {
    DockerHostFlags flags;
    const char* flag;
    const char* sentence;
  };
  for (const auto& [flags, flag, sentence] :
       {Row{{{"ftp://x"}, {}, false}, "--docker.host", "use unix:///var/run/docker.sock"},
        Row{{{"eu="}, {}, false}, "--docker.host", "use unix:///var/run/docker.sock"},
        Row{{{"tcp://host"}, {}, true}, "--docker.host", "tcp://host:port"},
        Row{{{}, {}, false}, "--docker.host", "name at least one"},
        Row{{{"unix:///a", "unix:///b"}, {}, false}, "--docker.host", "would be called local"},
        Row{{{"eu=unix:///a", "eu=unix:///b"}, {}, false}, "--docker.host", "would be called eu"},
        Row{{{"eu=unix:///a", "us=unix:///a"}, {}, false}, "--docker.host", "address once"},
        Row{{{"unix:///a", "tcp://[::1]:2376"}, {}, false}, "--docker.host", "give it a name"},
        Row{{{"tcp://10.0.0.5:2375"}, {}, false}, "--docker.host", "or --docker.plain-tcp"},
        Row{{{"tcp://docker.example:2375"}, {}, false}, "--docker.host", "give --docker.tls-dir"},
        Row{{{"unix:///a"}, {"/nowhere"}, false}, "--docker.tls-dir", "/nowhere/ca.pem"},
        Row{{{"tcp://h:1"}, {"/nowhere"}, false}, "--docker.tls-dir", "/nowhere/ca.pem"}}) {
    const auto read = read_docker_hosts(flags);
    ASSERT_FALSE(read) << sentence;
    EXPECT_EQ(read.error().code, ErrorCode::invalid);
    EXPECT_EQ(read.error().field, flag);
    EXPECT_THAT(read.error().message, HasSubstr(flag));
    EXPECT_THAT(read.error().message, HasSubstr(sentence));
  }
}

TEST(DockerHost, InClearOnThisMachineOrWhereItIsAllowed) {
  for (const char* address : {"tcp://127.0.0.1:2375", "tcp://localhost:2375", "tcp://[::1]:2375"}) {
    EXPECT_TRUE(read_docker_hosts({{address}, {}, false})) << address;
  }
  EXPECT_TRUE(read_docker_hosts({{"tcp://10.0.0.5:2375"}, {}, true}));
}

class DockerHostFolder : public ::testing::Test {
 protected:
  DockerHostFolder() { ca_.write_certificate(folder_ + "/ca.pem"); }

  const TemporaryFolder own_;
  const std::string& folder_ = own_.path();
  test::Identity ca_;
};

TEST_F(DockerHostFolder, OneWithoutANameIsForEachTcpHostThatHasNone) {
  const auto read = read_docker_hosts(
      {{"unix:///x", "eu=tcp://a.example:2376", "us=tcp://b.example:2376"}, {folder_}, false});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ((*read)[0].tls, nullptr);
  EXPECT_NE((*read)[1].tls, nullptr);
  EXPECT_FALSE((*read)[1].tls->has_certificate());
  EXPECT_EQ((*read)[1].tls, (*read)[2].tls);
}

TEST_F(DockerHostFolder, OneWithANameIsForThatHost) {
  ca_.write_certificate(folder_ + "/cert.pem");
  ca_.write_key(folder_ + "/key.pem");
  const auto read = read_docker_hosts(
      {{"eu=tcp://a.example:2376", "us=tcp://127.0.0.1:2375"}, {"eu=" + folder_}, false});
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_NE((*read)[0].tls, nullptr);
  EXPECT_TRUE((*read)[0].tls->has_certificate());
  EXPECT_EQ((*read)[1].tls, nullptr);
}

TEST_F(DockerHostFolder, OneThatNoHostAnswersToIsASlipOfThePen) {
  for (const std::string name : {"us=", "su=", ""}) {
    const auto read = read_docker_hosts({{"us=unix:///x"}, {name + folder_}, false});
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, HasSubstr("there is no tcp:// host"));
  }
}

TEST_F(DockerHostFolder, ACertificateWithoutItsKeyWillNotDoAndNoSecretIsTold) {
  ca_.write_certificate(folder_ + "/cert.pem");
  const DockerHostFlags flags{{"tcp://a.example:2376"}, {folder_}, false};
  EXPECT_THAT(read_docker_hosts(flags).error().message, HasSubstr("give both or neither"));
  std::ofstream{folder_ + "/key.pem"} << "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n";
  const auto told = read_docker_hosts(flags).error().message;
  EXPECT_THAT(told, HasSubstr("key.pem cannot be used"));
  EXPECT_THAT(told, ::testing::Not(HasSubstr("c2VjcmV0")));
}

}  // namespace
}  // namespace faultline::chaos
