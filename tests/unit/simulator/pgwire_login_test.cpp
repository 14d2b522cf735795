// Logins at a node with certificates, as recorded from the real one, without a socket.
#include <gtest/gtest.h>

#include <string>

#include "simulator/pgwire/connection.hpp"
#include "tests/unit/simulator/pgwire_number.hpp"
#include "tests/unit/simulator/sql_fake_catalog.hpp"

namespace faultline::sim::pgwire {
namespace {

using namespace std::string_literals;

std::string startup_of(const std::string& user) {
  const std::string parameters = "user\0"s + user + "\0\0"s;
  return number(parameters.size() + 8, 4) + number(196608, 4) + parameters;
}

std::string password_message(const std::string& payload) {
  return 'p' + number(payload.size() + 4, 4) + payload;
}

/// usr has the password "usrpw", nopw none; away cannot be looked up without quorum.
class Accounts final : public sql::FakeCatalog {
 public:
  sql::SqlResult<std::optional<sql::Account>> find_account(const sql::Context& /*context*/,
                                                           const std::string& user) override {
    if (user == "away") return sql::SqlError{"57014", "query execution canceled"};
    if (user == "locked") return std::optional(sql::Account{"", false, {}});
    if (user == "root" || user == "nopw") return std::optional(sql::Account{});
    if (user != "usr") return std::optional<sql::Account>();
    return std::optional(sql::Account{verifier_, true, {{"application_name", "by-role"}}});
  }

 private:
  std::string verifier_ = sql::make_verifier("usrpw", "0123456789abcdef", 4096);
};

class SecureLogin : public testing::Test {
 protected:
  std::string say(const std::string& bytes) {
    connection_.feed(bytes);
    while (connection_.step()) {
    }
    return connection_.take_output();
  }
  void secure(const std::string& certificate_user) {
    (void)say(number(8, 4) + number(80877103, 4));
    connection_.tls_established(std::make_shared<const TlsPeer>(TlsPeer{certificate_user}));
  }
  /// What the server says to a client that tries this password.
  std::string try_password(const std::string& user, const std::string& password) {
    const std::string asked = say(startup_of(user));
    EXPECT_NE(asked.find("SCRAM-SHA-256\0\0"s), std::string::npos) << asked;
    const std::string bare = "n=,r=clientnonce";
    const std::string first = "n,," + bare;
    const std::string challenge =
        say(password_message("SCRAM-SHA-256\0"s + number(first.size(), 4) + first));
    if (challenge.front() != 'R') return challenge;
    const std::string server_first = challenge.substr(9);
    const auto salt_at = server_first.find(",s=") + 3;
    const auto salt =
        sql::from_base64(server_first.substr(salt_at, server_first.find(",i=") - salt_at));
    const std::string nonce = server_first.substr(2, server_first.find(',') - 2);
    const std::string salted = sql::salted_password(password, *salt, 4096);
    const std::string client_key = sql::hmac_sha256(salted, "Client Key");
    const std::string without_proof = "c=biws,r=" + nonce;
    const std::string signature =
        sql::hmac_sha256(sql::sha256(client_key), bare + "," + server_first + "," + without_proof);
    return say(password_message(without_proof +
                                ",p=" + sql::base64(sql::xor_bytes(client_key, signature))));
  }
  static void expect_error(const std::string& answer, const std::string& state,
                           const std::string& text) {
    EXPECT_EQ(answer.front(), 'E') << answer;
    EXPECT_NE(answer.find("C" + state + '\0'), std::string::npos) << answer;
    EXPECT_NE(answer.find("M" + text + '\0'), std::string::npos) << answer;
  }

  Accounts catalog_;
  ConnectionFlags flags_;
  Connection connection_{catalog_, flags_, [] {
                           ConnectionOptions options;
                           options.secure = true;
                           return options;
                         }()};
};

TEST_F(SecureLogin, WithoutTlsIsRefusedAsRecorded) {
  expect_error(say(startup_of("root")), "08P01",
               "node is running secure mode, SSL connection required");
  EXPECT_TRUE(connection_.is_closed());
}

TEST_F(SecureLogin, AnSslRequestIsTakenUpAndTheNodeWaitsForTls) {
  EXPECT_EQ(say(number(8, 4) + number(80877103, 4)), "S");
  EXPECT_TRUE(connection_.wants_tls());
}

TEST_F(SecureLogin, ACertificateOfTheUsersNameIsEnough) {
  secure("root");
  EXPECT_EQ(say(startup_of("root")).substr(0, 9), "R\0\0\0\x08\0\0\0\0"s);
}

TEST_F(SecureLogin, ACertificateOfAnotherNameIsRefusedWithoutAskingForAPassword) {
  secure("usr");
  expect_error(say(startup_of("root")), "28000",
               "requested user is root, but certificate is for [usr]");
}

TEST_F(SecureLogin, TheRightPasswordGetsInWithTheRolesVariables) {
  secure("");
  const std::string answer = try_password("usr", "usrpw");
  EXPECT_NE(answer.find("v="), std::string::npos) << "the server proves itself too";
  EXPECT_NE(answer.find("application_name\0by-role\0"s), std::string::npos);
  EXPECT_EQ(answer.substr(answer.size() - 6), "Z\0\0\0\x05I"s);
}

TEST_F(SecureLogin, AWrongPasswordIsRefused) {
  secure("");
  expect_error(try_password("usr", "wrong"), "28000",
               "password authentication failed for user usr");
  EXPECT_TRUE(connection_.is_closed());
}

TEST_F(SecureLogin, WhoHasNoPasswordOrDoesNotExistIsAskedAllTheSame) {
  secure("");
  expect_error(try_password("ghost", "x"), "28000",
               "password authentication failed for user ghost");
}

TEST_F(SecureLogin, RootWithoutCertificateHasNoPassword) {
  secure("");
  expect_error(try_password("root", "x"), "28000", "password authentication failed for user root");
}

TEST_F(SecureLogin, ALookUpWithoutQuorumIsTold) {
  secure("");
  const std::string answer = say(startup_of("away"));
  EXPECT_NE(answer.find("C28000\0"s), std::string::npos);
  EXPECT_NE(answer.find("operation \"get-user-timeout\" timed out after 10s"), std::string::npos);
  EXPECT_NE(answer.find("internal error while retrieving user account"), std::string::npos);
}

TEST_F(SecureLogin, NologinIsRefused) {
  secure("locked");
  EXPECT_NE(say(startup_of("locked")).find("C28000\0"s), std::string::npos);
}

TEST_F(SecureLogin, GarbageForAPasswordEndsIt) {
  secure("");
  (void)say(startup_of("usr"));
  expect_error(say(password_message("SCRAM-SHA-1\0\0\0\0\1x"s)), "28000",
               "password authentication failed for user usr");
}

// RFC 7677, section 3.
TEST(ScramServer, AnswersTheExampleOfTheStandard) {
  const auto salt = sql::from_base64("W22ZaJ0SNY7soEsUEjb6gQ==");
  ASSERT_TRUE(salt);
  const auto verifier = sql::parse_verifier(sql::make_verifier("pencil", *salt, 4096));
  ASSERT_TRUE(verifier);
  ScramServer server(*verifier, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
  EXPECT_EQ(server.first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,"
            "i=4096");
  EXPECT_EQ(server.final("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                         "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(ScramServer, RefusesWhatIsNoExchange) {
  const auto verifier = sql::parse_verifier(sql::make_verifier("x", "salt", 1));
  for (const char* first : {"", "p=tls-unique,,n=,r=a", "n,,", "n,,n=u", "x,,r=a"}) {
    EXPECT_FALSE(ScramServer(*verifier, "n").first(first)) << first;
  }
  ScramServer server(*verifier, "n");
  EXPECT_FALSE(server.final("c=biws,r=n,p=AAAA")) << "before the first message";
  ASSERT_TRUE(server.first("n,,n=u,r=a"));
  for (const char* last : {"", "c=biws,r=an", "c=biws,r=other,p=AAAA", "c=biws,r=an,p=###"}) {
    EXPECT_FALSE(server.final(last)) << last;
  }
}

TEST(ScramVerifier, IsReadBackAndNothingElseIs) {
  EXPECT_TRUE(sql::parse_verifier(sql::make_verifier("x", "salt", 5)));
  for (const char* text : {"", "md5abc", "SCRAM-SHA-256$", "SCRAM-SHA-256$x:AAAA$AAAA:AAAA",
                           "SCRAM-SHA-256$1:AAAA$AAAA", "SCRAM-SHA-256$1:?$AAAA:AAAA"}) {
    EXPECT_FALSE(sql::parse_verifier(text)) << text;
  }
}

}  // namespace
}  // namespace faultline::sim::pgwire
