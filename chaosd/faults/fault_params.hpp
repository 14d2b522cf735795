#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/runtime/net_rules.hpp"

namespace faultline::chaos {

/// Another target that a fault is about: the far side of a partition.
struct Peer {
  std::string name;
  std::string id;  ///< Its addresses are asked for when the fault is laid down.
  bool operator==(const Peer&) const = default;
};

/// What becomes of a fault whose target is another run now. `end`: it is over.
/// `reapply`: it is laid upon the new run. `ignore`: nothing; its time just passes.
enum class OnRestart : std::uint8_t { end, reapply, ignore };

/// The parameters of one fault, as checked against the shape of its kind.
struct FaultParams {
  std::vector<Peer> peers;
  NetDirection direction = NetDirection::both;
  OnRestart on_restart = OnRestart::end;
  NetPath path = NetPath::all;
  std::map<std::string, std::int64_t> numbers;  ///< By name, as in the request: "percent".

  [[nodiscard]] std::int64_t number(const std::string& name) const {
    const auto found = numbers.find(name);
    return found == numbers.end() ? 0 : found->second;
  }
};

/// A number that a kind takes, in the unit that its name ends with.
struct NumberShape {
  std::string_view name;
  std::int64_t least = 0;
  std::int64_t most = 0;
  bool required = true;
};

/// Which parameters a kind takes. What is not in it is refused by name.
struct FaultShape {
  enum class Peers { none, optional, required };
  Peers peers = Peers::none;
  std::vector<NetDirection> directions = {};  ///< Empty: takes none. The first is the default.
  std::vector<NumberShape> numbers = {};
  bool needs_a_number = false;  ///< At least one, whichever.
  bool takes_on_restart = false;
  bool takes_path = false;
};

[[nodiscard]] std::string_view to_string(NetDirection direction);
[[nodiscard]] std::string_view to_string(OnRestart policy);
[[nodiscard]] std::string_view to_string(NetPath path);
/// Instantiated for the three above.
template <class Enum>
[[nodiscard]] std::optional<Enum> parse_param(std::string_view text);

/// "from n2, n3; received; 30 percent", for people; empty when there is nothing to say.
[[nodiscard]] std::string describe(const FaultParams& params, const FaultShape& shape);

}  // namespace faultline::chaos
