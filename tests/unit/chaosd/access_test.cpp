#include "chaosd/http/access.hpp"

#include <gmock/gmock.h>

namespace faultline::chaos {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTokens =
    "# who may do what\n"
    "viewer   viewer-token-0123456789\n"
    "\n"
    "operator operator-token-0123456789\r\n"
    "admin\tadmin-token-0123456789";

HttpRequestIn request_with_token(const std::string& header) {
  HttpRequestIn request;
  request.authorization = header;
  return request;
}

AccessControl control_with_tokens() {
  return AccessControl{{TokenBook::parse(kTokens).value(), {}, {}}};
}

TEST(TokenBook, ReadsRolesAndSkipsComments) {
  const auto book = TokenBook::parse(kTokens);
  ASSERT_TRUE(book);
  EXPECT_EQ(book->role_of("viewer-token-0123456789"), Role::viewer);
  EXPECT_EQ(book->role_of("operator-token-0123456789"), Role::fault_operator);
  EXPECT_EQ(book->role_of("admin-token-0123456789"), Role::admin);
}

TEST(TokenBook, NoPartAndNoExtensionOfATokenIsThatToken) {
  const auto book = TokenBook::parse("admin 0123456789abcdef");
  ASSERT_TRUE(book);
  for (const char* wrong : {"", "0", "0123456789abcde", "0123456789abcdef0",
                            "0123456789abcdef0123456789abcdef", "0123456789ABCDEF"}) {
    EXPECT_EQ(book->role_of(wrong), std::nullopt) << wrong;
  }
}

TEST(TokenBook, AWrongLineIsNamedByNumberAndNeverQuoted) {
  const auto book =
      TokenBook::parse("viewer good-token-0123456789\nroot hunter2-hunter2-hunter2\n");
  ASSERT_FALSE(book);
  EXPECT_THAT(book.error().message, HasSubstr("line 2"));
  EXPECT_THAT(book.error().message, Not(HasSubstr("hunter2")));
}

TEST(TokenBook, ShortTokensBlanksAndEmptyFilesAreRefused) {
  for (const char* text :
       {"", "# only a comment\n", "viewer", "viewer short", "viewer two words-0123456789"}) {
    EXPECT_FALSE(TokenBook::parse(text)) << text;
  }
}

TEST(Identify, WithoutATokenFileEverybodyIsOperator) {
  EXPECT_EQ(AccessControl{{}}.identify({}).value(), Role::fault_operator);
}

TEST(Identify, TheSchemeIsNotCaseSensitiveAndTheTokenIs) {
  const auto control = control_with_tokens();
  EXPECT_EQ(control.identify(request_with_token("bearer admin-token-0123456789")).value(),
            Role::admin);
  EXPECT_FALSE(control.identify(request_with_token("Bearer ADMIN-token-0123456789")));
}

TEST(Identify, MissingAndWrongTokensAreUnauthorized) {
  const auto control = control_with_tokens();
  EXPECT_EQ(control.identify({}).error().code, ErrorCode::unauthorized);
  for (const char* header :
       {"", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "admin-token-0123456789"}) {
    EXPECT_EQ(control.identify(request_with_token(header)).error().code, ErrorCode::unauthorized)
        << header;
  }
}

struct SourceRow {
  const char* host;
  const char* origin;  ///< nullptr: none sent.
  bool allowed;
};

class Source : public ::testing::TestWithParam<SourceRow> {};

TEST_P(Source, IsJudgedByHostAndOrigin) {
  const AccessControl control{
      {std::nullopt, {"chaosd:8096", "chaos.example"}, {"https://console.example"}}};
  const auto& row = GetParam();
  HttpRequestIn request;
  request.host = row.host;
  if (row.origin != nullptr) request.origin = row.origin;
  const auto status = control.check_source(request);
  EXPECT_EQ(status.has_value(), row.allowed) << row.host << " " << (row.origin ? row.origin : "-");
  if (!status) {
    EXPECT_EQ(status.error().code, ErrorCode::forbidden);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, Source,
    ::testing::Values(
        SourceRow{"localhost:8096", nullptr, true}, SourceRow{"LOCALHOST", nullptr, true},
        SourceRow{"127.0.0.1:8088", nullptr, true}, SourceRow{"[::1]:8096", nullptr, true},
        SourceRow{"chaosd:8096", nullptr, true}, SourceRow{"chaosd:9999", nullptr, false},
        SourceRow{"chaosd", nullptr, false}, SourceRow{"chaos.example:1", nullptr, true},
        SourceRow{"evil.example:8096", nullptr, false},
        SourceRow{"localhost.evil.example", nullptr, false},
        SourceRow{"127.0.0.1.evil.example:8096", nullptr, false},
        SourceRow{"localhost:8088", "http://localhost:8088", true},
        SourceRow{"localhost:8088", "https://localhost:8088", true},
        SourceRow{"localhost:8088", "http://localhost:8089", false},
        SourceRow{"localhost:8096", "https://console.example", true},
        SourceRow{"localhost:8096", "http://console.example", false},
        SourceRow{"localhost:8096", "https://console.example.evil", false},
        SourceRow{"localhost:8096", "null", false}, SourceRow{"localhost:8096", "", false}));

TEST(SourceCheck, ARequestWithoutHostIsRefused) {
  EXPECT_FALSE(AccessControl{{}}.check_source({}));
}

}  // namespace
}  // namespace faultline::chaos
