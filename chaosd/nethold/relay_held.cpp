#include "chaosd/nethold/relay_held.hpp"

namespace faultline::nethold {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// Beyond the delay itself, for the database to answer.
constexpr milliseconds kForTheAnswer = 2s;
constexpr milliseconds kGlance = 100ms;

}  // namespace

Lateness each_way(const chaos::NetRules& rules) {
  return {microseconds{rules.delay} / 2, microseconds{rules.jitter} / 2};
}

Result<std::unique_ptr<Held>> RelayHeld::create(const std::string& fault_id,
                                                chaos::NetRules rules) {
  const auto marks = marks_of(fault_id);
  if (!marks) return marks.error();
  auto table = NftTable::create(*marks);
  if (!table) return table.error();
  auto relay = Relay::create(each_way(rules), [ports = rules.ports](int socket) {
    return original_destination(socket, ports);
  });
  if (!relay) return relay.error();
  return std::unique_ptr<Held>{
      new RelayHeld{std::move(rules), std::move(table).value(), std::move(relay).value()}};
}

Status RelayHeld::install() {
  relay_->start();  // First, so that nobody is led to a relay that does not listen.
  auto laid = table_.lay(text_of(rules_), kRelayRules);
  if (laid && !table_.owned()) {
    return Error{ErrorCode::unsupported, "this kernel does not tie a table to its owner"};
  }
  return laid;
}

NftTable::Text RelayHeld::text_of(const chaos::NetRules& rules) const {
  const RelayPort port{relay_->port(), relay_->hears_ipv6()};
  return [&rules, port](const Marks& marks, bool owned) {
    return relay_ruleset(marks, rules, port, owned);
  };
}

Status RelayHeld::replace(chaos::NetRules rules) {
  auto laid = table_.lay_instead(text_of(rules), kRelayRules, {kClientsChain, kWitnessChain});
  if (!laid) return laid;
  rules_ = std::move(rules);
  witness_.reset();
  try_again_ = proven_;
  return kDone;
}

Status RelayHeld::remove() {
  // Nobody is led there any more; then those that are there hear that it ends, which needs
  // the rules' own translation; then the rest. That a rule is gone already is no failure.
  (void)table_.empty(kClientsChain);
  witness_.reset();
  relay_->stop();
  return table_.remove();
}

void RelayHeld::try_it(milliseconds patience) {
  if (!witness_) witness_.emplace(rules_.witnesses, rules_.ports, kWitnessMark);
  const auto took = witness_->await(patience);
  if (took) {
    const auto ms = std::chrono::duration_cast<milliseconds>(*took).count();
    try_again_ = false;
    proven_ = *took >= rules_.delay - rules_.jitter;
    note_ = proven_ ? ""
                    : "a question through the relay was answered after " + std::to_string(ms) +
                          " ms already";
  } else {
    note_ = "the SQL port does not answer through the relay";
  }
  if (took || witness_->failed()) witness_.reset();
}

Result<std::int64_t> RelayHeld::met(bool first) {
  if (!proven_ || try_again_)
    try_it(first ? rules_.delay + rules_.jitter + kForTheAnswer : kGlance);
  const auto packets = table_.packets();
  if (!packets) return packets;
  return proven_ ? *packets : 0;
}

}  // namespace faultline::nethold
