#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace faultline::stream {

/// Who may come in, by basic authentication. A bcrypt hash takes a good part of a second
/// to check, on purpose: what was checked is remembered (its digest, that is), and what
/// was not is checked on another thread than the server's. Any thread.
class Gate {
 public:
  /// Name to bcrypt hash; none: everybody may.
  explicit Gate(std::map<std::string, std::string> users) : users_(std::move(users)) {}

  /// From memory: yes, no, or empty: somebody must `check`.
  [[nodiscard]] std::optional<bool> knows(std::string_view authorization) const;

  /// Takes as long for a name that there is not as for a wrong password.
  [[nodiscard]] bool check(std::string_view authorization);

 private:
  static constexpr std::size_t kRemembered = 100;

  struct Login {
    std::string user;
    std::string password;
  };
  [[nodiscard]] static std::optional<Login> read(std::string_view authorization);
  [[nodiscard]] std::string digest(const Login& login) const;
  [[nodiscard]] std::string hash_of(const std::string& user) const;

  const std::map<std::string, std::string> users_;
  mutable std::mutex mutex_;  // Guards both.
  std::set<std::string> good_;
  std::set<std::string> bad_;
};

}  // namespace faultline::stream
