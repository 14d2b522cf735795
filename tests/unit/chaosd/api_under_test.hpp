#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "chaosd/http/api.hpp"
#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {

inline constexpr const char* kFaults = "/api/chaos/v1/faults";
inline constexpr const char* kKill = R"({"kind":"kill","target":"n1","duration_s":60})";

inline constexpr const char* kViewer = "viewer-token-0123456789";
inline constexpr const char* kOperator = "operator-token-0123456789";
inline constexpr const char* kAdmin = "admin-token-0123456789";

/// The API over one life of chaosd, with three tokens, without a server.
class ApiTest : public ChaosdTest {
 protected:
  ApiTest() : audit(Audit::open(folder.path(), silent_logger()).value()) { renew_api(); }
  /// Of the life that there is now.
  void renew_api() {
    const std::string tokens =
        std::string{"viewer "} + kViewer + "\noperator " + kOperator + "\nadmin " + kAdmin + "\n";
    api = std::make_unique<Api>(
        Api::Parts{life->service, life->feed, *audit, clock, silent_logger(), life->guard,
                   life->desk, life->experiments, 0},
        AccessRules{
            TokenBook::parse(tokens).value(), {"chaosd:8096"}, {"https://console.example"}});
  }

  /// A request as a well-behaved operator sends it.
  static HttpRequestIn request(const std::string& method, const std::string& path,
                               const std::string& body = "") {
    HttpRequestIn in;
    in.method = method;
    in.path = path;
    in.host = "localhost:8096";
    in.authorization = std::string{"Bearer "} + kOperator;
    in.body = body;
    if (!body.empty()) in.content_type = "application/json";
    in.remote = "192.0.2.1";
    return in;
  }
  /// The one reply; fails when there is none yet, or a second one.
  Reply reply_to(const HttpRequestIn& in) {
    std::vector<Reply> replies;
    api->handle(in, [&](Reply reply) { replies.push_back(std::move(reply)); });
    EXPECT_EQ(replies.size(), 1U) << in.method << " " << in.path;
    return replies.empty() ? Reply{} : replies.front();
  }
  Reply call(const std::string& method, const std::string& path, const std::string& body = "") {
    return reply_to(request(method, path, body));
  }
  static nlohmann::json json_of(const Reply& reply) {
    return nlohmann::json::parse(reply.body, nullptr, false);
  }
  static std::string header(const Reply& reply, const std::string& name) {
    for (const auto& [key, value] : reply.headers) {
      if (key == name) return value;
    }
    return "";
  }

  std::unique_ptr<Audit> audit;
  std::unique_ptr<Api> api;
};

}  // namespace faultline::chaos
