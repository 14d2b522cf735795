#include "chaosd/runtime/net_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include <arpa/inet.h>

namespace faultline::chaos {

namespace {

constexpr std::array<std::string_view, 5> kEffects{"drop", "loss", "rate", "delay", "relay"};
constexpr std::array<std::string_view, 3> kDirections{"both", "in", "out"};
constexpr std::int64_t kMostNumber = 1'000'000'000;

Error bad(std::string_view name, std::string_view value) {
  return {ErrorCode::invalid,
          "--" + std::string{name} + " cannot be \"" + std::string{value} + "\"",
          "--" + std::string{name}};
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < 0 || value > kMostNumber) return std::nullopt;
  return value;
}

template <std::size_t N>
std::optional<std::size_t> index_of(const std::array<std::string_view, N>& names,
                                    std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return i;
  }
  return std::nullopt;
}

bool add_address(std::vector<std::string>& list, std::string_view value) {
  std::string text{value};
  if (!is_ipv4(text) && !is_ipv6(text)) return false;
  list.push_back(std::move(text));
  return true;
}

bool read_one(NetRules& rules, std::string_view name, std::string_view value) {
  if (name == "peer") return add_address(rules.peers, value);
  if (name == "exempt") return add_address(rules.exempt, value);
  if (name == "witness") return add_address(rules.witnesses, value);
  if (name == "effect") {
    const auto index = index_of(kEffects, value);
    if (index) rules.effect = static_cast<NetEffect>(*index);
    return index.has_value();
  }
  if (name == "direction") {
    const auto index = index_of(kDirections, value);
    if (index) rules.direction = static_cast<NetDirection>(*index);
    return index.has_value();
  }
  if (name == "nobody") {
    rules.nobody = value == "yes";
    return rules.nobody;
  }
  const auto given = number(value);
  if (!given) return false;
  if (name == "port") {
    rules.ports.push_back(*given);
    return *given >= 1 && *given <= 65535;
  }
  if (name == "percent") rules.percent = *given;
  if (name == "rate-kbit") rules.rate_kbit = *given;
  if (name == "delay-ms") rules.delay = std::chrono::milliseconds{*given};
  if (name == "jitter-ms") rules.jitter = std::chrono::milliseconds{*given};
  return name == "percent" || name == "rate-kbit" || name == "delay-ms" || name == "jitter-ms";
}

}  // namespace

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::vector<std::string> to_arguments(const NetRules& rules) {
  std::vector<std::string> arguments;
  const auto add = [&](std::string_view name, std::string_view value) {
    arguments.push_back("--" + std::string{name} + "=" + std::string{value});
  };
  add("effect", kEffects[static_cast<std::size_t>(rules.effect)]);
  add("direction", kDirections[static_cast<std::size_t>(rules.direction)]);
  for (const auto& peer : rules.peers) add("peer", peer);
  if (rules.nobody) add("nobody", "yes");
  for (const auto& exempt : rules.exempt) add("exempt", exempt);
  for (const auto& witness : rules.witnesses) add("witness", witness);
  for (const auto port : rules.ports) add("port", std::to_string(port));
  if (rules.percent > 0) add("percent", std::to_string(rules.percent));
  if (rules.rate_kbit > 0) add("rate-kbit", std::to_string(rules.rate_kbit));
  if (rules.delay.count() > 0) add("delay-ms", std::to_string(rules.delay.count()));
  if (rules.jitter.count() > 0) add("jitter-ms", std::to_string(rules.jitter.count()));
  return arguments;
}

Result<NetRules> read_arguments(const std::vector<std::string>& arguments) {
  NetRules rules;
  for (const std::string_view argument : arguments) {
    const auto equals = argument.find('=');
    if (!argument.starts_with("--") || equals == std::string_view::npos) {
      return Error{ErrorCode::invalid, "\"" + std::string{argument} + "\" is not --name=value"};
    }
    const auto name = argument.substr(2, equals - 2);
    if (!read_one(rules, name, argument.substr(equals + 1))) {
      return bad(name, argument.substr(equals + 1));
    }
  }
  if (rules.ports.empty()) return Error{ErrorCode::invalid, "--port is missing", "--port"};
  if (rules.effect == NetEffect::loss && (rules.percent < 1 || rules.percent > 100)) {
    return bad("percent", std::to_string(rules.percent));
  }
  if (rules.effect == NetEffect::rate && rules.rate_kbit < 1) return bad("rate-kbit", "0");
  const bool delays = rules.effect == NetEffect::delay || rules.effect == NetEffect::relay;
  if (delays && rules.delay.count() < 1) return bad("delay-ms", "0");
  return rules;
}

std::string to_word(const NetRules& rules) {
  std::string word;
  for (const auto& argument : to_arguments(rules)) {
    word += (word.empty() ? "" : ",") + argument.substr(2);
  }
  return word;
}

Result<NetRules> read_word(std::string_view word) {
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at <= word.size();) {
    const auto end = std::min(word.find(',', at), word.size());
    arguments.push_back("--" + std::string{word.substr(at, end - at)});
    at = end + 1;
  }
  return read_arguments(arguments);
}

bool same_rules(const NetRules& a, const NetRules& b) {
  const auto in_order = [](NetRules rules) {
    const auto tidy = [](auto& list) {
      std::sort(list.begin(), list.end());
      list.erase(std::unique(list.begin(), list.end()), list.end());
    };
    tidy(rules.peers);
    tidy(rules.exempt);
    tidy(rules.witnesses);
    tidy(rules.ports);
    return rules;
  };
  return in_order(a) == in_order(b);
}

}  // namespace faultline::chaos
