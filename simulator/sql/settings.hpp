#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace faultline::sim::sql {

/// The variables of one session. Not thread-safe: a session is one thread.
class Settings {
 public:
  /// `version` is what crdb_version says.
  Settings(std::string user, std::string database, std::string version, std::int64_t node_id);
  /// Makes allow_unsafe_internals known; without this there is no such variable.
  void add_unsafe_internals(bool allowed);

  /// Names are case-insensitive. Nothing: no such variable.
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
  /// Throws Failure: 42704 unknown, 55P02 read-only, 22007 bad duration.
  void set(std::string_view name, const std::string& value);
  void reset(std::string_view name);
  void reset_all();
  /// From the startup message: sets the value that RESET returns to. Unknown names and
  /// bad values are ignored, as by the server.
  void set_at_startup(std::string_view name, const std::string& value);

  [[nodiscard]] std::string database() const { return values_.at("database"); }
  [[nodiscard]] std::string user() const { return values_.at("session_user"); }
  [[nodiscard]] std::optional<std::chrono::milliseconds> statement_timeout() const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> defaults_;
};

}  // namespace faultline::sim::sql
