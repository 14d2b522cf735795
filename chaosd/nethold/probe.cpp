#include "chaosd/nethold/probe.hpp"

#include "chaosd/nethold/holder.hpp"
#include "chaosd/nethold/nft_table.hpp"
#include "chaosd/nethold/relay_rules.hpp"
#include "chaosd/nethold/shaper.hpp"

namespace faultline::nethold {

using namespace std::chrono_literals;

void probe() {
  const auto marks = marks_of("probe");
  const auto answer = [](const std::string& what, const Status& tried) {
    say("probe " + what + (tried ? " yes" : " no " + tried.error().message));
  };
  chaos::NetRules rules;
  rules.effect = chaos::NetEffect::loss;
  rules.percent = 1;
  rules.ports = {26257};
  auto table = NftTable::create(*marks);
  Status tried = table ? table->install(rules) : Status{table.error()};
  answer("nft", tried);
  if (tried) {
    answer("owner", table->owned() ? Status{kDone}
                                   : Error{ErrorCode::unsupported,
                                           "this kernel does not tie a table to its owner"});
    (void)table->remove();
  }
  if (table) {
    tried = table->lay(
        [&rules](const Marks& own, bool owned) {
          return relay_ruleset(own, rules, {1, true}, owned);
        },
        kRelayRules);
    answer("relay", tried);
    if (tried) (void)table->remove();
  }
  auto shaper = Shaper::create(*marks, Shaper::Devices::loopback);
  for (const auto effect : {chaos::NetEffect::rate, chaos::NetEffect::delay}) {
    rules.effect = effect;
    rules.rate_kbit = 1000;
    rules.delay = 1ms;
    tried = shaper ? shaper->install(rules) : Status{shaper.error()};
    answer(effect == chaos::NetEffect::rate ? "rate" : "delay", tried);
    if (shaper) (void)shaper->remove();
  }
  answer("fill", kDone);  // Whether a volume can be filled depends on the volume.
}

}  // namespace faultline::nethold
