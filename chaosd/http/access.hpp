#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chaosd/http/request.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// Each may do what those before it may. `anyone` is who shows no token.
enum class Role { anyone, viewer, fault_operator, admin };

/// As in the token file, the audit and the messages.
[[nodiscard]] std::string_view to_string(Role role);

/// The tokens of --web.token-file: lines "viewer|operator|admin TOKEN".
class TokenBook {
 public:
  /// `invalid` names the line at fault, never what stands on it.
  [[nodiscard]] static Result<TokenBook> parse(std::string_view text);

  /// In a time that tells nothing of how much of a token was right.
  [[nodiscard]] std::optional<Role> role_of(std::string_view token) const;

 private:
  std::vector<std::pair<Role, std::string>> tokens_;
};

struct AccessRules {
  std::optional<TokenBook> tokens;   ///< Without: everybody is operator (loopback only).
  std::vector<std::string> hosts;    ///< "name" (any port) or "name:port", beside localhost.
  std::vector<std::string> origins;  ///< "scheme://host[:port]", beside the page's own.
};

/// Who may call. A page of another site can make a browser send requests here, and
/// can give its own name our address: hence the Host and Origin lists. Const, any thread.
class AccessControl {
 public:
  explicit AccessControl(AccessRules rules) : rules_(std::move(rules)) {}

  [[nodiscard]] Status check_source(const HttpRequestIn& request) const;
  /// Who it is; `unauthorized` when tokens are in use and this one is missing or wrong.
  [[nodiscard]] Result<Role> identify(const HttpRequestIn& request) const;

 private:
  [[nodiscard]] bool host_is_allowed(std::string_view host) const;

  const AccessRules rules_;
};

}  // namespace faultline::chaos
