#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/runtime/runtime.hpp"

namespace faultline::chaos {

/// The opt-in label, whose value must be "true".
inline constexpr std::string_view kDefaultTargetLabel = "io.faultline.target";
/// Names what a container of Faultline itself is for. Never a target, opted in or not.
inline constexpr std::string_view kRoleLabel = "io.faultline.role";

/// One container as GET /containers/{id}/json tells it.
struct Container {
  TargetInfo target;
  std::map<std::string, std::string> labels;
};

/// Whether a fault may touch it.
[[nodiscard]] bool is_target(const Container& container, std::string_view label);

// The Engine's answers, read here and nowhere else. `malformed` or `invalid` when
// an answer is not what the Engine's API promises. Unknown fields are ignored.
/// What GET /version says.
struct EngineVersion {
  std::string name;  ///< "Docker Engine 20.10.24", "Podman 4.3.1".
  std::string api;   ///< "1.41".
  std::string os;    ///< "linux"; empty: it does not say.
};
[[nodiscard]] Result<EngineVersion> read_version(std::string_view body);
/// Whether such an Engine can be worked with: Linux containers, API 1.24 or newer.
[[nodiscard]] Status check_engine(const std::string& api, const std::string& os);
[[nodiscard]] Result<std::vector<std::string>> read_ids(std::string_view body);
[[nodiscard]] Result<Container> read_container(std::string_view body);
/// What an error answer says: its "message", else its first line.
[[nodiscard]] std::string read_message(std::string_view body);

/// For one part of a URL.
[[nodiscard]] std::string percent_encoded(std::string_view text);
/// The value of `filters=` for a list, percent-encoded.
[[nodiscard]] std::string list_filter(std::string_view label);
/// The same for GET /events: only what changes the state of a target. Health checks
/// run an exec each, which would be three events a second per container.
[[nodiscard]] std::string event_filter(std::string_view label);

}  // namespace faultline::chaos
