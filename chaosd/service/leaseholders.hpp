#pragma once

#include <string>

#include "chaosd/service/chaos_clock.hpp"
#include "common/base/result.hpp"
#include "common/cluster/table_leases.hpp"
#include "common/net/http_call.hpp"

namespace faultline::chaos {

/// Who can say whose leases a table's are. May block, for a bounded time. The other
/// implementation is in the tests.
class LeaseholderOracle {
 public:
  virtual ~LeaseholderOracle() = default;
  /// Known, with one holder at least. An error is: not known, and why; `invalid`: `table` is
  /// no name of a table.
  [[nodiscard]] virtual Result<TableLeases> ask(const std::string& table) = 0;
};

/// Asks faultline-exporter, which has the database asked, and again until it has been. Any
/// thread.
class ExporterLeaseholders final : public LeaseholderOracle {
 public:
  /// `client` and `clock` outlive this.
  ExporterLeaseholders(std::string exporter, net::HttpClient& client, const ChaosClock& clock)
      : exporter_(std::move(exporter)), client_(client), clock_(clock) {}

  [[nodiscard]] Result<TableLeases> ask(const std::string& table) override;

  /// More than the exporter gives the database.
  static constexpr milliseconds kLimit{4000};

 private:
  [[nodiscard]] Result<TableLeases> look(const std::string& table, Deadline deadline);

  const std::string exporter_;
  net::HttpClient& client_;
  const ChaosClock& clock_;
};

}  // namespace faultline::chaos
