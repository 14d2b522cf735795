#include "chaosd/service/metric_query.hpp"

#include <array>
#include <cctype>
#include <cstdio>
#include <tuple>
#include <utility>

#include "common/net/address_book.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

constexpr std::size_t kAnswerMost = 4U << 20U;

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      encoded += c;
      continue;
    }
    std::array<char, 4> hex{};
    std::snprintf(hex.data(), hex.size(), "%%%02X", static_cast<unsigned>(byte));
    encoded += hex.data();
  }
  return encoded;
}

}  // namespace

Result<QueryAnswer> read_query_answer(int status, std::string_view body) {
  const Error no_answer{ErrorCode::upstream, "Prometheus answered " + std::to_string(status) +
                                                 " and no result of a query"};
  const auto document = wire::parse_json(body);
  if (!document || !document->is_object()) return no_answer;
  wire::ObjectReader reader{*document, ""};
  const std::string outcome = reader.text("status");
  if (outcome == "error") {
    const std::string said = reader.text_or("error", "no reason given");
    // 400 and 422: it cannot be read, or cannot be evaluated. Else Prometheus is in trouble.
    const bool query_is_wrong = status == 400 || status == 422;
    return Error{query_is_wrong ? ErrorCode::invalid : ErrorCode::upstream,
                 "Prometheus says: " + said};
  }
  const auto data = document->find("data");
  if (status != 200 || outcome != "success" || data == document->end()) return no_answer;
  wire::ObjectReader inner{*data, "/data"};
  const std::string type = inner.text("resultType");
  if (inner.error()) return no_answer;
  if (type != "vector") {
    return Error{ErrorCode::invalid, "the query gives a " + type +
                                         "; write it as the expression of an alert rule, which "
                                         "gives a vector that is empty while all is well"};
  }
  const auto result = data->find("result");
  if (result == data->end() || !result->is_array()) return no_answer;
  return QueryAnswer{static_cast<std::int64_t>(result->size())};
}

PrometheusQueries::PrometheusQueries(const std::string& address, net::HttpClient& client,
                                     const ChaosClock& clock)
    : client_(client), clock_(clock) {
  if (auto read = read_prometheus_address(address)) {
    std::tie(endpoint_, prefix_) = std::move(read).value();
  }
}

std::vector<Result<QueryAnswer>> PrometheusQueries::ask(const std::vector<std::string>& queries) {
  std::vector<net::HttpRequest> requests;
  for (const auto& query : queries) {
    net::HttpRequest request{endpoint_,
                             "GET",
                             prefix_ + "/api/v1/query?query=" + percent_encoded(query),
                             {{"Accept", "application/json"}}};
    request.response_limit = kAnswerMost;
    requests.push_back(std::move(request));
  }
  std::vector<Result<QueryAnswer>> answers;
  for (const auto& answer : client_.call_all(requests, clock_.now().steady + kLimit)) {
    if (answer) {
      answers.push_back(read_query_answer(answer->status, answer->body));
    } else {
      answers.emplace_back(
          Error{answer.error().code, "Prometheus does not answer: " + answer.error().message});
    }
  }
  return answers;
}

Result<std::pair<std::string, std::string>> read_prometheus_address(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  const Error wrong{ErrorCode::invalid, "use http://host:port, as http://127.0.0.1:9090"};
  if (!text.starts_with(kScheme)) return wrong;
  text.remove_prefix(kScheme.size());
  const auto slash = std::min(text.find('/'), text.size());
  std::string prefix{text.substr(slash)};
  while (prefix.ends_with('/')) prefix.pop_back();
  const std::string endpoint{text.substr(0, slash)};
  const bool plain = prefix.find_first_of("?# \t\r\n%") == std::string::npos &&
                     endpoint.find('@') == std::string::npos;
  const auto parsed = net::parse_endpoint(endpoint);
  if (!plain || !parsed || parsed->is_unix()) return wrong;
  return std::pair{endpoint, prefix};
}

}  // namespace faultline::chaos
