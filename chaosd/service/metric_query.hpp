#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chaosd/service/chaos_clock.hpp"
#include "common/base/result.hpp"
#include "common/net/http_call.hpp"

namespace faultline::chaos {

/// An instant vector, as Prometheus gave it: how many series are in it, whatever their values.
struct QueryAnswer {
  std::int64_t series = 0;
};

/// Reads an answer of GET /api/v1/query. Pure. `invalid` with Prometheus' own sentence when the
/// query is at fault, or when it does not give a vector; `upstream` when it is no answer.
[[nodiscard]] Result<QueryAnswer> read_query_answer(int status, std::string_view body);

/// Who can evaluate PromQL. May block, for a bounded time. The other implementation is in the
/// tests.
class QuerySource {
 public:
  virtual ~QuerySource() = default;
  /// All at once; the answers in the order of the queries.
  [[nodiscard]] virtual std::vector<Result<QueryAnswer>> ask(
      const std::vector<std::string>& queries) = 0;
};

/// Asks Prometheus. Any thread.
class PrometheusQueries final : public QuerySource {
 public:
  /// `address` as read_prometheus_address() takes it; else every question fails. `client` and
  /// `clock` outlive this.
  PrometheusQueries(const std::string& address, net::HttpClient& client, const ChaosClock& clock);

  [[nodiscard]] std::vector<Result<QueryAnswer>> ask(
      const std::vector<std::string>& queries) override;

  static constexpr milliseconds kLimit{1000};

 private:
  std::string endpoint_;
  std::string prefix_;
  net::HttpClient& client_;
  const ChaosClock& clock_;
};

/// "http://prometheus:9090/path" as endpoint and path without a slash at its end. Pure;
/// `invalid` says what would do.
[[nodiscard]] Result<std::pair<std::string, std::string>> read_prometheus_address(
    std::string_view text);

}  // namespace faultline::chaos
