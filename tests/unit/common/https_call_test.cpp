#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

#include "common/net/http_call.hpp"
#include "tests/unit/common/tls_peer.hpp"

namespace faultline::net {
namespace {

using test::Identity;
using test::TlsPeer;
using testing::HasSubstr;

constexpr const char* kFine = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

/// A CA, whom the client believes, and what it signed for localhost.
class HttpsCall : public testing::Test {
 protected:
  HttpsCall() {
    std::string pattern = (std::filesystem::temp_directory_path() / "https-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    trust_ = TlsTrust::from_file(ca_.write(folder_)).value();
  }
  ~HttpsCall() override { std::filesystem::remove_all(folder_); }

  Result<HttpResponse> get(const std::string& endpoint,
                           milliseconds patience = milliseconds{5000}) {
    return client_.call({.endpoint = endpoint, .target = "/health", .tls = trust_},
                        std::chrono::steady_clock::now() + patience);
  }

  std::filesystem::path folder_;
  Identity ca_;
  Identity node_{"DNS:localhost", &ca_};
  std::shared_ptr<const TlsTrust> trust_;
  AddressBook book_;
  HttpClient client_{book_};
};

TEST_F(HttpsCall, WhoOurCaSignedForThatNameIsAsked) {
  const TlsPeer peer{node_, kFine};
  const auto answer = get(peer.at("localhost"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "fine");
}

TEST_F(HttpsCall, ANumberIsANameToo) {
  const Identity numbered{"IP:127.0.0.1", &ca_};
  const TlsPeer peer{numbered, kFine};
  EXPECT_TRUE(get(peer.at("127.0.0.1")));
}

TEST_F(HttpsCall, AnotherNameIsACertificateProblemThatSaysWhichOneWouldDo) {
  const TlsPeer peer{node_, kFine};
  const auto answer = get(peer.at("127.0.0.1"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::upstream);
  EXPECT_THAT(answer.error().message, HasSubstr("certificate problem"));
  EXPECT_THAT(answer.error().message, HasSubstr("must be for 127.0.0.1"));
}

TEST_F(HttpsCall, AnotherCaIsACertificateProblemThatSaysWhichFileItMustBeIn) {
  const Identity stranger;
  const Identity signed_by_it{"DNS:localhost", &stranger};
  const TlsPeer peer{signed_by_it, kFine};
  const auto answer = get(peer.at("localhost"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::upstream);
  EXPECT_THAT(answer.error().message, HasSubstr("must be in " + trust_->file()));
}

TEST_F(HttpsCall, APeerThatIsSilentAfterTheHandshakeEndsInATimeout) {
  const TlsPeer peer{node_, ""};
  const auto answer = get(peer.at("localhost"), milliseconds{500});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::timeout);
}

/// What a paused node looks like.
TEST_F(HttpsCall, APeerThatIsSilentFromTheStartEndsInATimeout) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&where), size), 0);
  ASSERT_EQ(::listen(socket, 4), 0);
  ASSERT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&where), &size), 0);
  const auto answer = get("localhost:" + std::to_string(ntohs(where.sin_port)), milliseconds{100});
  ::close(socket);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::timeout);
}

TEST_F(HttpsCall, ARequestInClearToATlsPortIsNoHttp) {
  const TlsPeer peer{node_, kFine};
  const auto answer = client_.call({.endpoint = peer.at("localhost")},
                                   std::chrono::steady_clock::now() + std::chrono::seconds{5});
  EXPECT_FALSE(answer);
}

/// A peer that wants to know who asks, and what the client shows it.
class HttpsCallWithACertificate : public HttpsCall {
 protected:
  Result<HttpResponse> get_as(const Identity* client) {
    TlsFiles files{trust_->file()};
    if (client != nullptr) {
      files.certificate = (folder_ / "cert.pem").string();
      files.key = (folder_ / "key.pem").string();
      client->write_certificate(files.certificate);
      client->write_key(files.key);
    }
    trust_ = TlsTrust::from_files(files).value();
    return get(peer_.at("localhost"));
  }

  TlsPeer peer_{node_, kFine, &ca_};
};

TEST_F(HttpsCallWithACertificate, WhoShowsOneOfTheRightCaIsAnswered) {
  const Identity client{"", &ca_};
  const auto answer = get_as(&client);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "fine");
}

TEST_F(HttpsCallWithACertificate, WhoHasNoneIsToldThatOneIsWanted) {
  const auto answer = get_as(nullptr);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::upstream);
  EXPECT_THAT(answer.error().message, HasSubstr("wants a certificate of us"));
}

TEST_F(HttpsCallWithACertificate, WhoShowsOneOfAnotherCaIsToldSo) {
  const Identity stranger;
  const Identity client{"", &stranger};
  const auto answer = get_as(&client);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::upstream);
  EXPECT_THAT(answer.error().message, HasSubstr("does not take our certificate"));
}

TEST_F(HttpsCall, AKeyThatWillNotDoIsNamedAndWhatItSaysIsNot) {
  const TlsFiles files{trust_->file(), (folder_ / "cert.pem").string(),
                       (folder_ / "key.pem").string()};
  const Identity client{"", &ca_};
  client.write_certificate(files.certificate);
  const auto complaint = [&] {
    const auto trust = TlsTrust::from_files(files);
    EXPECT_FALSE(trust);
    return trust ? "" : trust.error().message;
  };
  EXPECT_THAT(complaint(), HasSubstr(files.key));
  client.write_key(files.key, "open sesame");  // Nobody is asked for it: that would hang.
  EXPECT_THAT(complaint(), HasSubstr("is under a passphrase"));
  node_.write_key(files.key);
  EXPECT_THAT(complaint(), HasSubstr("the key of " + files.certificate));
  std::ofstream{files.key} << "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
  EXPECT_THAT(complaint(), testing::Not(HasSubstr("c2VjcmV0")));
}

TEST_F(HttpsCall, AFileWithoutACertificateIsNamed) {
  const auto path = (folder_ / "empty.crt").string();
  std::ofstream{path} << "nothing";
  for (const auto& file : {path, (folder_ / "none.crt").string()}) {
    const auto trust = TlsTrust::from_file(file);
    ASSERT_FALSE(trust);
    EXPECT_THAT(trust.error().message, HasSubstr(file));
  }
}

}  // namespace
}  // namespace faultline::net
