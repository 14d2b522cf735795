#pragma once

#include <memory>
#include <optional>
#include <string>

#include "chaosd/nethold/held.hpp"
#include "chaosd/nethold/nft_table.hpp"
#include "chaosd/nethold/relay.hpp"
#include "chaosd/nethold/relay_rules.hpp"
#include "chaosd/nethold/round_trip.hpp"

namespace faultline::nethold {

/// A relay in the target's network, and the rules that lead its new clients there. Both end
/// with this process, however it ends, and with them the connections that go by way of it.
class RelayHeld final : public Held {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Held>> create(const std::string& fault_id,
                                                            chaos::NetRules rules);
  /// `unsupported` where the kernel does not tie rules to their owner: left behind, they
  /// would lead clients to nobody.
  [[nodiscard]] Status install() override;
  /// Connections that go by way of the relay go on.
  [[nodiscard]] Status replace(chaos::NetRules rules) override;
  [[nodiscard]] std::string laid() const override { return chaos::to_word(rules_); }
  [[nodiscard]] Status remove() override;
  [[nodiscard]] int parts() const override { return kRelayRules; }
  [[nodiscard]] bool owned() const override { return table_.owned(); }
  /// Connections that were led to the relay; 0 until one of the helper's own was answered
  /// through it, as late as was asked for.
  [[nodiscard]] Result<std::int64_t> met(bool first) override;
  [[nodiscard]] std::string note() const override { return note_; }

 private:
  RelayHeld(chaos::NetRules rules, NftTable table, std::unique_ptr<Relay> relay)
      : rules_(std::move(rules)), table_(std::move(table)), relay_(std::move(relay)) {}
  [[nodiscard]] NftTable::Text text_of(const chaos::NetRules& rules) const;
  void try_it(std::chrono::milliseconds patience);

  chaos::NetRules rules_;
  NftTable table_;
  std::unique_ptr<Relay> relay_;
  std::optional<RoundTrip> witness_;
  bool proven_ = false;
  bool try_again_ = false;  ///< Proven of other rules; a node that is silent disproves nothing.
  std::string note_;
};

/// Half of what a round trip is to take longer: what each direction takes.
[[nodiscard]] Lateness each_way(const chaos::NetRules& rules);

}  // namespace faultline::nethold
