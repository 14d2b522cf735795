#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/nethold/disk_held.hpp"
#include "chaosd/nethold/holder.hpp"
#include "chaosd/nethold/inbox.hpp"
#include "chaosd/nethold/net_held.hpp"
#include "chaosd/nethold/probe.hpp"
#include "chaosd/nethold/relay_held.hpp"
#include "chaosd/nethold/throttle_held.hpp"

namespace {

using namespace faultline;
using namespace faultline::nethold;

constexpr const char* kVolume = "/held";  // Where chaosd has it mounted.
constexpr const char* kInbox = "/inbox";

constexpr std::string_view kUsage =
    "faultline-nethold holds one fault of faultline-chaosd in the network namespace, or on the\n"
    "volume, that it was given, and takes it away at its deadline, when chaosd is silent for one\n"
    "lease, or on SIGTERM.\n"
    "  hold --fault=ID --deadline-ms=N --lease-ms=N --effect=drop|loss|rate|delay|relay --port=N "
    "...\n"
    "  replace --effect=… --port=N ...    gives the one that holds in this container other rules\n"
    "  fill --fault=ID --deadline-ms=N --lease-ms=N --leave-mb=N\n"
    "  look                says what disk a store is on, and its container's limits there\n"
    "  throttle --fault=ID --deadline-ms=N --lease-ms=N --throttle=DEVICE,BEFORE,OURS\n"
    "  clean --fault=ID [--throttle=…]    takes away what a killed one left\n"
    "  probe               says what this kernel can do\n";

/// The value of `--name=…`, taken out of the list.
std::string take(std::vector<std::string>& arguments, std::string_view name) {
  const std::string prefix = "--" + std::string{name} + "=";
  for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
    if (!argument->starts_with(prefix)) continue;
    std::string value = argument->substr(prefix.size());
    arguments.erase(argument);
    return value;
  }
  return {};
}

std::optional<std::chrono::milliseconds> read_ms(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1) return std::nullopt;
  return std::chrono::milliseconds{value};
}

int complain(const Error& error) {
  say("failed " + error.message);
  return 2;
}

Result<HoldTimes> take_times(std::vector<std::string>& arguments) {
  const auto deadline = read_ms(take(arguments, "deadline-ms"));
  const auto lease = read_ms(take(arguments, "lease-ms"));
  if (deadline && lease) return HoldTimes{*deadline, *lease};
  return Error{ErrorCode::invalid, "--deadline-ms and --lease-ms must be whole milliseconds"};
}

int hold(std::vector<std::string> arguments) {
  const std::string fault_id = take(arguments, "fault");
  const auto times = take_times(arguments);
  if (!times) return complain(times.error());
  auto rules = chaos::read_arguments(arguments);
  if (!rules) return complain(rules.error());
  auto held = rules->effect == chaos::NetEffect::relay
                  ? RelayHeld::create(fault_id, std::move(rules).value())
                  : NetHeld::create(fault_id, std::move(rules).value());
  if (!held) return complain(held.error());
  return Holder{*times, std::move(held).value(), kInbox}.run();
}

/// Beside the holder, which is process 1 of this container.
int replace(const std::vector<std::string>& arguments) {
  const auto rules = chaos::read_arguments(arguments);
  if (!rules) return complain(rules.error());
  if (const auto written = write_rules(kInbox, *rules); !written) return complain(written.error());
  if (::kill(1, SIGUSR2) != 0) return complain({ErrorCode::upstream, "nobody holds rules here"});
  return 0;
}

int fill(std::vector<std::string> arguments) {
  (void)take(arguments, "fault");  // Seen in a list of processes; a file without a name needs none.
  const auto times = take_times(arguments);
  if (!times) return complain(times.error());
  const auto what = chaos::read_fill_arguments(arguments);
  if (!what) return complain(what.error());
  return Holder{*times, std::make_unique<DiskHeld>(*what, kVolume)}.run();
}

/// An answer either way: that it cannot be throttled is what was asked.
int look() {
  const auto share = look_at_disk({});
  say(share ? "found " + chaos::to_text(*share) : "cannot " + share.error().message);
  return 0;
}

int throttle(std::vector<std::string> arguments) {
  (void)take(arguments, "fault");
  const auto times = take_times(arguments);
  if (!times) return complain(times.error());
  const auto what = chaos::read_throttle_arguments(arguments);
  if (!what) return complain(what.error());
  return Holder{*times, std::make_unique<ThrottleHeld>(*what, TargetPlaces{})}.run();
}

Status clean_any(std::vector<std::string> arguments) {
  const std::string fault_id = take(arguments, "fault");
  if (arguments.empty()) return clean(fault_id);
  const auto what = chaos::read_throttle_arguments(arguments);
  return what ? put_back(*what, TargetPlaces{}.cgroup) : what.error();
}

int clean_up(std::vector<std::string> arguments) {
  const auto cleaned = clean_any(std::move(arguments));
  if (!cleaned) return complain(cleaned.error());
  say("removed by cleaning");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t awaited;
  sigemptyset(&awaited);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) sigaddset(&awaited, signal);
  sigprocmask(SIG_BLOCK, &awaited, nullptr);

  std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string mode = arguments.empty() ? "" : arguments.front();
  if (!arguments.empty()) arguments.erase(arguments.begin());
  if (mode == "hold") return hold(std::move(arguments));
  if (mode == "replace") return replace(arguments);
  if (mode == "fill") return fill(std::move(arguments));
  if (mode == "look") return look();
  if (mode == "throttle") return throttle(std::move(arguments));
  if (mode == "clean") return clean_up(std::move(arguments));
  if (mode == "probe") {
    probe();
    return 0;
  }
  std::fputs(std::string{kUsage}.c_str(), stderr);
  return 2;
}
