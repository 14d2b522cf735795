#include "exporter/stream/web_config.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "exporter/stream/gate.hpp"
#include "exporter/stream/sd_page.hpp"
#include "tests/unit/exporter/stream_samples.hpp"

namespace faultline::stream {
namespace {

using testing::HasSubstr;

// Of "open sesame", with the least cost that bcrypt has.
constexpr const char* kHash = "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy";

class WebConfigFile : public testing::Test {
 protected:
  WebConfigFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "web-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~WebConfigFile() override { std::filesystem::remove_all(folder_); }

  Result<WebConfig> read(const std::string& text) {
    const auto path = folder_ / "web.yml";
    std::ofstream{path} << text;
    return read_web_config(path.string());
  }
  std::string complaint(const std::string& text) { return read(text).error().message; }

  std::filesystem::path folder_;
};

TEST_F(WebConfigFile, EmptyMeansNeitherTlsNorLogins) {
  const auto config = read("");
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->tls);
  EXPECT_TRUE(config->users.empty());
}

TEST_F(WebConfigFile, FilesAreRelativeToItsFolder) {
  const auto config = read(
      "tls_server_config:\n  cert_file: a.crt\n  key_file: /etc/b.key\n"
      "basic_auth_users:\n  alice: " +
      std::string{kHash} + "\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tls->cert_file, (folder_ / "a.crt").string());
  EXPECT_EQ(config->tls->key_file, "/etc/b.key");
  EXPECT_EQ(config->tls->min_version, "TLS12");
  EXPECT_EQ(config->users.at("alice"), kHash);
}

TEST_F(WebConfigFile, ClientCertificatesVersionsAndHeadersAreTaken) {
  const auto config = read(
      "tls_server_config:\n  cert_file: a\n  key_file: b\n  max_version: TLS12\n"
      "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
      "http_server_config:\n  http2: true\n  headers:\n    X-Frame-Options: deny\n"
      "    Strict-Transport-Security: max-age=60\n    X-XSS-Protection:\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tls->max_version, "TLS12");
  EXPECT_EQ(config->tls->client_ca_file, (folder_ / "ca.crt").string());
  EXPECT_TRUE(config->tls->client_must_have_cert);
  EXPECT_THAT(config->headers,
              testing::ElementsAre(testing::Pair("Strict-Transport-Security", "max-age=60"),
                                   testing::Pair("X-Frame-Options", "deny")));
}

TEST_F(WebConfigFile, WhatOthersSupportAndThisDoesNotIsRefusedByName) {
  const auto tls = [&](const std::string& line) {
    return complaint("tls_server_config:\n  cert_file: a\n  key_file: b\n  " + line + "\n");
  };
  for (const std::string key : {"client_cas", "client_ca", "client_allowed_sans", "cipher_suites",
                                "prefer_server_cipher_suites", "curve_preferences", "cert"}) {
    EXPECT_THAT(tls(key + ": [x]"), HasSubstr("tls_server_config." + key + " is not supported"));
  }
  EXPECT_THAT(tls("min_version: TLS11"), HasSubstr("use TLS12 or TLS13"));
  EXPECT_THAT(tls("max_version: TLS11"), HasSubstr("use TLS12 or TLS13"));
  EXPECT_THAT(tls("min_version: TLS13\n  max_version: TLS12"), HasSubstr("below min_version"));
  EXPECT_THAT(tls("client_auth_type: RequireAnyClientCert"), HasSubstr("checks nothing"));
  EXPECT_THAT(tls("client_auth_type: Any"), HasSubstr("RequireAndVerifyClientCert"));
  EXPECT_THAT(tls("client_auth_type: RequireAndVerifyClientCert"), HasSubstr("client_ca_file"));
  EXPECT_THAT(tls("client_ca_file: ca.crt"), HasSubstr("without client_auth_type"));
  EXPECT_THAT(complaint("rate_limit:\n  burst: 1\n"), HasSubstr("rate_limit is not supported"));
  EXPECT_THAT(complaint("http_server_config:\n  http3: true\n"), HasSubstr("http3"));
  EXPECT_THAT(complaint("http_server_config:\n  http2: perhaps\n"), HasSubstr("line"));
  EXPECT_THAT(complaint("http_server_config:\n  headers:\n    X-Frame-Options: yes\n"),
              HasSubstr("deny or sameorigin"));
  EXPECT_THAT(complaint("http_server_config:\n  headers:\n    X-XSS-Protection: \"a\\r\\nb\"\n"),
              HasSubstr("one line"));
}

TEST_F(WebConfigFile, WhatIsWrongIsNamedAndNoSecretIsTold) {
  EXPECT_THAT(complaint("basic_auth_user:\n  a: b\n"), HasSubstr("basic_auth_user is not known"));
  EXPECT_THAT(complaint("tls_server_config:\n  cert_file: a\n"), HasSubstr("key_file is missing"));
  EXPECT_THAT(complaint("tls_server_config:\n  cert: a\n"), HasSubstr("tls_server_config.cert"));
  EXPECT_THAT(complaint("tls_server_config: 7\n"), HasSubstr("must be a map"));
  EXPECT_THAT(
      complaint("tls_server_config:\n  cert_file: a\n  key_file: b\n  min_version: TLS10\n"),
      HasSubstr("use TLS12 or TLS13"));
  EXPECT_THAT(
      complaint("basic_auth_users:\n  alice: hunter2\n"),
      testing::AllOf(HasSubstr("basic_auth_users.alice"), testing::Not(HasSubstr("hunter2"))));
  EXPECT_THAT(complaint("basic_auth_users:\n  'a:b': x\n"), HasSubstr("colon"));
  EXPECT_THAT(complaint("basic_auth_users: {}\n"), HasSubstr("leave it out"));
  EXPECT_THAT(complaint("- a\n"), HasSubstr("must be a map"));
  EXPECT_THAT(complaint("a: [\n"), HasSubstr("line"));
  EXPECT_THAT(complaint("basic_auth_users:\n  alice: [1]\n"), HasSubstr("line 2"));
  EXPECT_THAT(read_web_config((folder_ / "none").string()).error().message,
              HasSubstr("cannot be read"));
}

// "alice:open sesame" and others in base64.
constexpr const char* kRight = "Basic YWxpY2U6b3BlbiBzZXNhbWU=";
constexpr const char* kWrong = "Basic YWxpY2U6b3BlbiBzZXNhbQ==";
constexpr const char* kStranger = "Basic Ym9iOm9wZW4gc2VzYW1l";

TEST(GateTest, WithoutUsersEverybodyMay) { EXPECT_EQ(Gate{{}}.knows(""), true); }

TEST(GateTest, WhatIsNoLoginIsRefusedWithoutWork) {
  const Gate gate{{{"alice", kHash}}};
  for (const char* text : {"", "Basic", "Basic ", "Basic x", "Basic ====", "Bearer abc",
                           "Basic YWxpY2U=", "Basic YWxpY2U6b3BlbiBzZXNhbWU"}) {
    EXPECT_EQ(gate.knows(text), false) << text;
  }
  EXPECT_EQ(gate.knows(kRight), std::nullopt);
}

TEST(GateTest, AResultIsRememberedBothWays) {
  Gate gate{{{"alice", kHash}}};
  EXPECT_TRUE(gate.check(kRight));
  EXPECT_EQ(gate.knows(kRight), true);
  EXPECT_EQ(gate.knows("bAsIc YWxpY2U6b3BlbiBzZXNhbWU="), true);
  EXPECT_FALSE(gate.check(kWrong));
  EXPECT_EQ(gate.knows(kWrong), false);
  EXPECT_FALSE(gate.check(kStranger)) << "the password of another";
  EXPECT_EQ(gate.knows(kRight), true);
}

TEST(ServiceDiscovery, ListsTheNodesWhoseMetricsPageIsKnown) {
  auto snapshot = sample_snapshot(1);
  snapshot.nodes[0].http_address = "127.0.0.1:8080";
  snapshot.nodes[1].http_address = "127.0.0.1:8081";
  snapshot.nodes[1].liveness.state = Liveness::decommissioned;
  snapshot.nodes[0].locality = "a=\"\n";
  EXPECT_EQ(service_discovery(snapshot),
            "[{\"labels\":{\"__meta_faultline_address\":\"127.0.0.1:26257\","
            "\"__meta_faultline_cluster_id\":\"0a1a69d2\","
            "\"__meta_faultline_locality\":\"a=\\\"\\n\",\"__meta_faultline_node_id\":\"1\","
            "\"__meta_faultline_version\":\"v22.1.0\",\"__metrics_path__\":\"/_status/"
            "vars\",\"__scheme__\":\"http\"},"
            "\"targets\":[\"127.0.0.1:8080\"]}]");
}

}  // namespace
}  // namespace faultline::stream
