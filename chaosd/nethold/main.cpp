#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/nethold/holder.hpp"

namespace {

using namespace faultline;
using namespace faultline::nethold;

constexpr std::string_view kUsage =
    "faultline-nethold holds one network fault of faultline-chaosd in the network namespace it "
    "runs\n"
    "in, and takes it away at its deadline, when chaosd is silent for one lease, or on SIGTERM.\n"
    "  hold --fault=ID --deadline-ms=N --lease-ms=N --effect=drop|loss|rate|delay --port=N ...\n"
    "  clean --fault=ID    takes away what a killed one left\n"
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

int hold(std::vector<std::string> arguments) {
  HoldOrder order;
  order.fault_id = take(arguments, "fault");
  const auto deadline = read_ms(take(arguments, "deadline-ms"));
  const auto lease = read_ms(take(arguments, "lease-ms"));
  if (!deadline || !lease) {
    return complain(
        {ErrorCode::invalid, "--deadline-ms and --lease-ms must be whole milliseconds"});
  }
  order.deadline = *deadline;
  order.lease = *lease;
  auto rules = chaos::read_arguments(arguments);
  if (!rules) return complain(rules.error());
  order.rules = std::move(rules).value();
  auto holder = Holder::create(order);
  if (!holder) return complain(holder.error());
  return holder->run();
}

int clean_up(std::vector<std::string> arguments) {
  const auto cleaned = clean(take(arguments, "fault"));
  if (!cleaned) return complain(cleaned.error());
  say("removed by cleaning");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t awaited;
  sigemptyset(&awaited);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&awaited, signal);
  sigprocmask(SIG_BLOCK, &awaited, nullptr);

  std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string mode = arguments.empty() ? "" : arguments.front();
  if (!arguments.empty()) arguments.erase(arguments.begin());
  if (mode == "hold") return hold(std::move(arguments));
  if (mode == "clean") return clean_up(std::move(arguments));
  if (mode == "probe") {
    probe();
    return 0;
  }
  std::fputs(std::string{kUsage}.c_str(), stderr);
  return 2;
}
