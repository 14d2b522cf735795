#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "chaosd/faults/fault.hpp"

namespace faultline::chaos {

/// The parameters of a fault as they were asked for, unchecked.
struct ParamRequest {
  std::vector<std::variant<std::string, NodeId>> peers = {};
  std::optional<std::string> direction = {};
  std::optional<std::string> on_restart = {};
  std::optional<std::string> path = {};
  std::map<std::string, std::int64_t> numbers = {};
};

/// The numbers that any kind takes, by name.
[[nodiscard]] std::vector<std::string> number_names();

/// Holds a request against the shape of its kind. What the kind does not take, what it
/// lacks and what is out of range is refused by name; so is a kind that the target does not
/// allow. `find` gives the target that a
/// peer is. Pure.
using FindPeer = std::function<Result<TargetInfo>(const std::variant<std::string, NodeId>&)>;
[[nodiscard]] Result<FaultParams> check_params(const ParamRequest& request, const Fault& fault,
                                               const TargetInfo& target, const FindPeer& find);

}  // namespace faultline::chaos
