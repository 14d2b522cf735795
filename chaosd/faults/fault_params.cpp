#include "chaosd/faults/fault_params.hpp"

#include <algorithm>
#include <array>

namespace faultline::chaos {

namespace {

constexpr std::array<std::string_view, 3> kDirections{"both", "in", "out"};
constexpr std::array<std::string_view, 3> kPolicies{"end", "reapply", "ignore"};

constexpr std::array<std::string_view, 2> kPaths{"all", "sql"};

template <class Enum, std::size_t N>
std::optional<Enum> parse_of(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view to_string(NetDirection direction) {
  return kDirections[static_cast<std::size_t>(direction)];
}

std::string_view to_string(OnRestart policy) { return kPolicies[static_cast<std::size_t>(policy)]; }

std::string_view to_string(NetPath path) { return kPaths[static_cast<std::size_t>(path)]; }

template <>
std::optional<NetDirection> parse_param(std::string_view text) {
  return parse_of<NetDirection>(kDirections, text);
}

template <>
std::optional<OnRestart> parse_param(std::string_view text) {
  return parse_of<OnRestart>(kPolicies, text);
}

template <>
std::optional<NetPath> parse_param(std::string_view text) {
  return parse_of<NetPath>(kPaths, text);
}

std::string describe(const FaultParams& params, const FaultShape& shape) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (params.path == NetPath::sql) {
    add("with its SQL clients");
  } else if (!params.peers.empty()) {
    std::string names;
    for (const auto& peer : params.peers) names += (names.empty() ? "" : ", ") + peer.name;
    add("with " + names);
  } else if (shape.peers == FaultShape::Peers::optional) {
    add("with everybody");
  }
  if (shape.directions.size() > 1) {
    switch (params.direction) {
      case NetDirection::both: add("both ways"); break;
      case NetDirection::in: add("what it receives"); break;
      case NetDirection::out: add("what it sends"); break;
    }
  }
  for (const auto& number : shape.numbers) {
    const auto given = params.numbers.find(std::string{number.name});
    if (given != params.numbers.end()) {
      add(std::string{number.name} + " " + std::to_string(given->second));
    }
  }
  return text;
}

}  // namespace faultline::chaos
