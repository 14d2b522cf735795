#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "chaosd/nethold/held.hpp"
#include "chaosd/nethold/nft_table.hpp"
#include "chaosd/nethold/shaper.hpp"

namespace faultline::nethold {

/// Rules over packets, and a queue where traffic is slowed down, in this network namespace.
class NetHeld final : public Held {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Held>> create(const std::string& fault_id,
                                                            chaos::NetRules rules);
  [[nodiscard]] Status install() override;
  [[nodiscard]] Status replace(chaos::NetRules rules) override;
  [[nodiscard]] std::string laid() const override { return chaos::to_word(rules_); }
  [[nodiscard]] Status remove() override;
  [[nodiscard]] int parts() const override { return rules_count(rules_); }
  [[nodiscard]] bool owned() const override { return table_.owned(); }
  [[nodiscard]] Result<std::int64_t> met(bool first) override;

 private:
  NetHeld(chaos::NetRules rules, NftTable table, std::optional<Shaper> shaper)
      : rules_(std::move(rules)), table_(std::move(table)), shaper_(std::move(shaper)) {}
  [[nodiscard]] Result<std::int64_t> packets();

  chaos::NetRules rules_;
  NftTable table_;
  std::optional<Shaper> shaper_;
  std::int64_t shaped_before_ = 0;  ///< Packets that the queue had held up for other rules.
};

/// Takes away what a holder of this fault left in this network namespace, if anything.
[[nodiscard]] Status clean(const std::string& fault_id);

}  // namespace faultline::nethold
