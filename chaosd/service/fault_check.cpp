#include "chaosd/service/fault_check.hpp"

#include <algorithm>

namespace faultline::chaos {

namespace {

Error refused(const std::string& name, const std::string& what) {
  return {ErrorCode::invalid, name + " " + what, "/" + name};
}

std::string not_taken(const Fault& fault) {
  return "is not for " + std::string{to_string(fault.kind())} + "; leave it out";
}

Status check_numbers(const ParamRequest& request, const Fault& fault, FaultParams& params) {
  const auto shape = fault.shape();
  for (const auto& [name, value] : request.numbers) {
    const auto known =
        std::find_if(shape.numbers.begin(), shape.numbers.end(),
                     [&given = name](const NumberShape& one) { return one.name == given; });
    if (known == shape.numbers.end()) return refused(name, not_taken(fault));
    if (value < known->least || value > known->most) {
      return refused(name, "is " + std::to_string(value) + "; use " + std::to_string(known->least) +
                               " to " + std::to_string(known->most));
    }
    params.numbers[name] = value;
  }
  for (const auto& number : shape.numbers) {
    const std::string name{number.name};
    if (number.required && !params.numbers.contains(name)) {
      return refused(name, "is missing; " + std::string{to_string(fault.kind())} + " takes " +
                               std::to_string(number.least) + " to " + std::to_string(number.most));
    }
  }
  if (shape.needs_a_number && params.numbers.empty()) {
    std::string names;
    for (const auto& number : shape.numbers) {
      names += (names.empty() ? "" : " or ") + std::string{number.name};
    }
    return refused(std::string{shape.numbers.front().name},
                   "is missing; " + std::string{to_string(fault.kind())} + " takes " + names);
  }
  return kDone;
}

Status check_peers(const ParamRequest& request, const Fault& fault, const TargetInfo& target,
                   const FindPeer& find, FaultParams& params) {
  using Peers = FaultShape::Peers;
  const Peers taken = fault.shape().peers;
  if (taken == Peers::none && !request.peers.empty()) return refused("peers", not_taken(fault));
  if (taken == Peers::required && request.peers.empty()) {
    return refused("peers", "is missing; name the targets, or their node ids, on the other side");
  }
  for (const auto& asked : request.peers) {
    const auto peer = find(asked);
    if (!peer) return Error{peer.error().code, "peers: " + peer.error().message, "/peers"};
    if (peer->id == target.id) {
      return refused("peers", "has " + target.name + ", which is the target itself");
    }
    const Peer one{peer->name, peer->id};
    if (std::find(params.peers.begin(), params.peers.end(), one) != params.peers.end()) {
      return refused("peers", "has " + peer->name + " twice");
    }
    params.peers.push_back(one);
  }
  return kDone;
}

Status check_direction(const ParamRequest& request, const Fault& fault, FaultParams& params) {
  const auto taken = fault.shape().directions;
  if (taken.empty()) {
    if (request.direction) return refused("direction", not_taken(fault));
    return kDone;
  }
  params.direction = taken.front();
  if (!request.direction) return kDone;
  const auto asked = parse_param<NetDirection>(*request.direction);
  if (!asked || std::find(taken.begin(), taken.end(), *asked) == taken.end()) {
    std::string allowed;
    for (const auto direction : taken) {
      allowed += (allowed.empty() ? "" : " or ") + std::string{to_string(direction)};
    }
    return refused("direction", "is \"" + *request.direction + "\"; " +
                                    std::string{to_string(fault.kind())} + " takes " + allowed);
  }
  params.direction = *asked;
  return kDone;
}

Status check_on_restart(const ParamRequest& request, const Fault& fault, FaultParams& params) {
  if (!request.on_restart) return kDone;
  if (!fault.shape().takes_on_restart) return refused("on_restart", not_taken(fault));
  const auto asked = parse_param<OnRestart>(*request.on_restart);
  if (!asked) {
    return refused("on_restart", "is \"" + *request.on_restart + "\"; use end, reapply or ignore");
  }
  params.on_restart = *asked;
  return kDone;
}

Status check_path(const ParamRequest& request, const Fault& fault, FaultParams& params) {
  if (!request.path) return kDone;
  if (!fault.shape().takes_path) return refused("path", not_taken(fault));
  const auto asked = parse_param<NetPath>(*request.path);
  if (!asked) return refused("path", "is \"" + *request.path + "\"; use all or sql");
  params.path = *asked;
  return kDone;
}

}  // namespace

std::vector<std::string> number_names() {
  std::vector<std::string> names;
  for (const Fault* fault : fault_catalogue()) {
    for (const auto& number : fault->shape().numbers) {
      const std::string name{number.name};
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

Result<FaultParams> check_params(const ParamRequest& request, const Fault& fault,
                                 const TargetInfo& target, const FindPeer& find) {
  FaultParams params;
  if (auto fits = check_numbers(request, fault, params); !fits) return fits.error();
  if (auto fits = check_direction(request, fault, params); !fits) return fits.error();
  if (auto fits = check_on_restart(request, fault, params); !fits) return fits.error();
  if (auto fits = check_path(request, fault, params); !fits) return fits.error();
  if (auto fits = check_peers(request, fault, target, find, params); !fits) return fits.error();
  if (auto fits = fault.fits(params); !fits) return fits.error();
  if (auto suits = fault.suits(target); !suits) return suits.error();
  return params;
}

}  // namespace faultline::chaos
