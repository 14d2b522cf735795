#include "chaosd/http/access.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace faultline::chaos {

namespace {

constexpr std::size_t kTokenSizeMin = 16;

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// "host" of "host:port" and of "[v6]:port" (with its brackets).
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']') + 1, host.size()));
  return host.substr(0, std::min(host.find(':'), host.size()));
}

bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  // Walks the given one, so that the time depends on what the caller knows already.
  unsigned difference = given.size() == secret.size() ? 0U : 1U;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = secret[i % secret.size()];
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i]) ^
                                        static_cast<unsigned char>(other));
  }
  return difference == 0;
}

std::optional<Role> role_named(std::string_view name) {
  for (const Role role : {Role::viewer, Role::fault_operator, Role::admin}) {
    if (to_string(role) == name) return role;
  }
  return std::nullopt;
}

constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::anyone: return "none";
    case Role::viewer: return "viewer";
    case Role::fault_operator: return "operator";
    case Role::admin: return "admin";
  }
  FAULTLINE_ENSURE(false, "every role has a name");
}

Result<TokenBook> TokenBook::parse(std::string_view text) {
  TokenBook book;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const std::string where = "line " + std::to_string(number) + " of the token file ";
    const auto gap = std::min(line.find_first_of(kBlank), line.size());
    const auto role = role_named(line.substr(0, gap));
    const std::string_view token = trimmed(line.substr(gap));
    if (!role) {
      return Error{ErrorCode::invalid, where + "does not begin with viewer, operator or admin"};
    }
    if (token.size() < kTokenSizeMin || token.find_first_of(kBlank) != std::string_view::npos) {
      return Error{ErrorCode::invalid, where + "needs one token of at least " +
                                           std::to_string(kTokenSizeMin) +
                                           " characters after the role, without blanks"};
    }
    book.tokens_.emplace_back(*role, token);
  }
  if (book.tokens_.empty()) {
    return Error{ErrorCode::invalid,
                 "the token file has no token; write lines such as \"operator TOKEN\""};
  }
  return book;
}

std::optional<Role> TokenBook::role_of(std::string_view token) const {
  std::optional<Role> found;
  for (const auto& [role, secret] : tokens_) {  // All of them, whatever the first says.
    if (equal_in_constant_time(token, secret)) found = std::max(found.value_or(role), role);
  }
  return found;
}

bool AccessControl::host_is_allowed(std::string_view host) const {
  const std::string asked = lower(host);
  const std::string_view name = without_port(asked);
  constexpr std::array<std::string_view, 3> kLoopback{"localhost", "127.0.0.1", "[::1]"};
  // Any port: a proxy in front keeps the one that it was called by.
  if (std::find(kLoopback.begin(), kLoopback.end(), name) != kLoopback.end()) return true;
  return std::any_of(rules_.hosts.begin(), rules_.hosts.end(), [&](const std::string& allowed) {
    const std::string known = lower(allowed);
    return known == asked || known == name;
  });
}

Status AccessControl::check_source(const HttpRequestIn& request) const {
  if (!request.host || request.host->empty()) {
    return Error{ErrorCode::forbidden, "the request has no Host"};
  }
  if (!host_is_allowed(*request.host)) {
    return Error{ErrorCode::forbidden,
                 "the Host is not one of this chaosd's; --web.allow-host adds one"};
  }
  if (!request.origin) return kDone;
  const std::string origin = lower(*request.origin);
  // The page that was served under this very Host.
  const std::string host = lower(*request.host);
  if (origin == "http://" + host || origin == "https://" + host) return kDone;
  for (const auto& allowed : rules_.origins) {
    if (origin == lower(allowed)) return kDone;
  }
  return Error{ErrorCode::forbidden,
               "requests from pages of this Origin are not allowed; --web.allow-origin adds one"};
}

Result<Role> AccessControl::identify(const HttpRequestIn& request) const {
  if (!rules_.tokens) return Role::fault_operator;
  const Error refused{ErrorCode::unauthorized,
                      request.authorization ? "the token is not one of this chaosd's"
                                            : "a token is needed: Authorization: Bearer TOKEN"};
  if (!request.authorization) return refused;
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view value = *request.authorization;
  if (lower(value.substr(0, kScheme.size())) != kScheme) return refused;
  const auto role = rules_.tokens->role_of(trimmed(value.substr(kScheme.size())));
  if (!role) return refused;
  return *role;
}

}  // namespace faultline::chaos
