#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "chaosd/service/experiment_book.hpp"
#include "chaosd/service/ledger.hpp"

namespace faultline::chaos::metrics {

/// What chaosd knows of itself at one instant.
struct ChaosdStats {
  LedgerStats ledger;
  ExperimentStats experiments = {};
  bool runtime_ok = false;
  std::map<std::string, bool> hosts_ok = {};  ///< Of several Docker hosts, by name.
  bool lever_engaged = false;
  bool audit_ok = true;
  std::int64_t plans_to_accept = 0;
  std::int64_t audit_entries = 0;
  std::int64_t journal_corrupt_lines = 0;
  std::map<int, std::int64_t> requests;  ///< By status.
};

/// The text of GET /metrics (format 0.0.4). Pure; any thread.
[[nodiscard]] std::string render_page(const ChaosdStats& stats);

}  // namespace faultline::chaos::metrics
