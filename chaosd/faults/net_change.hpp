#pragma once

#include <map>
#include <string>
#include <vector>

#include "chaosd/runtime/net_rules.hpp"

namespace faultline::chaos {

// How the rules of a network fault follow those whom they name. Pure.

/// A peer that is not up.
struct AwayPeer {
  std::string words;                   ///< "n3 has no IP address now (it is exited)".
  std::vector<std::string> addresses;  ///< Its own all the same: it was given fixed ones.
};

/// The rules of a fault as the world is now.
struct NetPicture {
  NetRules rules;  ///< About the peers that are up, where there are peers.
  std::vector<AwayPeer> away = {};
  std::map<std::string, std::string> names = {};  ///< Of peers, by address.
};

struct NetChange {
  NetRules rules;     ///< To be held from now on.
  bool shows = true;  ///< Somebody is up whose packets must meet them.
  std::string words;  ///< What is new, for people; empty: nothing that concerns them.
};

/// Addresses that the rules of before name, and perhaps nobody has now; whether they stay depends
/// on whether somebody else has taken them.
[[nodiscard]] std::vector<std::string> doubtful(const NetRules& before, const NetPicture& now);

/// What is to be held instead of `before`. `in_use`: every address that a container has. One that
/// is nobody's stays: as a peer's, who is then met in the first moment if it comes back there; or
/// spared, for something of ours that is restarted.
[[nodiscard]] NetChange change_of(const NetRules& before, const NetPicture& now,
                                  const std::vector<std::string>& in_use);

}  // namespace faultline::chaos
