#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "chaosd/nethold/lease.hpp"
#include "chaosd/nethold/nft_table.hpp"
#include "chaosd/nethold/shaper.hpp"

namespace faultline::nethold {

struct HoldOrder {
  std::string fault_id;
  std::chrono::milliseconds deadline{0};  ///< From now; the rules never stay longer.
  std::chrono::milliseconds lease{0};     ///< Of silence of chaosd, at most.
  chaos::NetRules rules;
};

/// Lays rules down, keeps them while the lease lasts, takes them away. Talks in lines
/// on stdout, which chaosd reads as the container's log:
/// `held n=1 rules=4 met=2 owned=yes`, `failed <sentence>`, `removed <why>`.
class Holder {
 public:
  /// SIGTERM, SIGINT and SIGUSR1 must be blocked already; they are awaited here.
  [[nodiscard]] static Result<Holder> create(const HoldOrder& order);
  /// Returns the exit code: 0 when everything of ours is taken away.
  int run();

 private:
  Holder(HoldOrder order, NftTable table, std::optional<Shaper> shaper)
      : order_(std::move(order)), table_(std::move(table)), shaper_(std::move(shaper)) {}
  [[nodiscard]] Status install();
  [[nodiscard]] Result<std::int64_t> met();
  /// One status line. `patience`: how long a packet may take to meet the rules.
  void report(std::chrono::milliseconds patience);
  [[nodiscard]] std::string keep();
  int take_away(const std::string& why);

  HoldOrder order_;
  NftTable table_;
  std::optional<Shaper> shaper_;
  int reports_ = 0;  ///< Numbers them, so that an answer is told from an older one.
};

/// Takes away what a holder of this fault left, if anything.
[[nodiscard]] Status clean(const std::string& fault_id);
/// Tries what this kernel can do, in a network namespace where nothing is at stake.
void probe();

void say(const std::string& line);

}  // namespace faultline::nethold
