#include "chaosd/nethold/probe.hpp"

#include <filesystem>
#include <functional>
#include <string>

#include "chaosd/nethold/holder.hpp"
#include "chaosd/nethold/io_cgroup.hpp"
#include "chaosd/nethold/nft_table.hpp"
#include "chaosd/nethold/relay_rules.hpp"
#include "chaosd/nethold/shaper.hpp"

namespace faultline::nethold {

using namespace std::chrono_literals;

namespace {

using Answer = std::function<void(const std::string&, const Status&)>;

/// By the limits of this very container, which has those that targets have as well: of
/// version 2 at /sys/fs/cgroup itself, of version 1 in a folder of the controller there.
void probe_throttle(const Answer& answer) {
  const std::string root = "/sys/fs/cgroup";
  const bool is_v1 = std::filesystem::exists(root + "/blkio/cgroup.procs");
  const auto cgroup = IoCgroup::open(is_v1 ? root + "/blkio" : root);
  answer("throttle", cgroup ? Status{kDone} : cgroup.error());
  answer("writeback", is_v1 ? Error{ErrorCode::unsupported,
                                    "in version 1 of cgroups a limit is not for what the kernel "
                                    "writes back later by itself; reads, and writes that the node "
                                    "waits for (fsync, O_DIRECT), are held back"}
                            : Status{kDone});
}

}  // namespace

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
  probe_throttle(answer);
}

}  // namespace faultline::nethold
