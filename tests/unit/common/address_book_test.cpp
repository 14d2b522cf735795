#include "common/net/address_book.hpp"

#include <gtest/gtest.h>

namespace faultline::net {
namespace {

TEST(ParseEndpoint, ReadsHostsPortsAndSockets) {
  const auto v4 = parse_endpoint("roach1:26257");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "roach1");
  EXPECT_EQ(v4->port, "26257");
  const auto v6 = parse_endpoint("[::1]:80");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  const auto socket = parse_endpoint("unix:///var/run/docker.sock");
  ASSERT_TRUE(socket);
  EXPECT_TRUE(socket->is_unix());
  EXPECT_EQ(socket->path, "/var/run/docker.sock");
}

TEST(ParseEndpoint, RefusesWhatIsNotAnAddress) {
  for (const char* bad : {"", "roach1", ":80", "roach1:", "roach1:0", "roach1:65536", "::1:80",
                          "a b:80", "http://x:80", "user@x:80", "unix:relative"}) {
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
  }
}

TEST(AddressBook, NumericAddressesNeedNoLookup) {
  AddressBook book;
  const auto past = std::chrono::steady_clock::now() - std::chrono::seconds{1};
  const auto found = book.resolve("127.0.0.1", past);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->front(), "127.0.0.1");
}

TEST(AddressBook, KnowsLocalhost) {
  AddressBook book;
  const auto found =
      book.resolve("localhost", std::chrono::steady_clock::now() + std::chrono::seconds{5});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->front(), "127.0.0.1");
}

}  // namespace
}  // namespace faultline::net
