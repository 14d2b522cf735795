#include "simulator/sql/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "simulator/sql/failure.hpp"
#include "simulator/sql/moment.hpp"
#include "simulator/sql/text.hpp"

namespace faultline::sim::sql {
namespace {

struct Variable {
  const char* name;
  const char* value;
};

// Enough for clients that ask or set them on connecting; only the database and
// statement_timeout change what the simulator does.
constexpr std::array kVariables{
    Variable{"application_name", ""},
    Variable{"bytea_output", "hex"},
    Variable{"client_encoding", "UTF8"},
    Variable{"client_min_messages", "notice"},
    Variable{"datestyle", "ISO, MDY"},
    Variable{"default_int_size", "8"},
    Variable{"default_transaction_isolation", "serializable"},
    Variable{"default_transaction_priority", "normal"},
    Variable{"default_transaction_read_only", "off"},
    Variable{"default_transaction_use_follower_reads", "off"},
    Variable{"distsql", "auto"},
    Variable{"extra_float_digits", "0"},
    Variable{"idle_in_session_timeout", "0"},
    Variable{"idle_in_transaction_session_timeout", "0"},
    Variable{"integer_datetimes", "on"},
    Variable{"intervalstyle", "postgres"},
    Variable{"is_superuser", "off"},
    Variable{"lock_timeout", "0"},
    Variable{"max_identifier_length", "128"},
    Variable{"results_buffer_size", "16384"},
    Variable{"row_security", "off"},
    Variable{"search_path", "\"$user\", public"},
    Variable{"server_encoding", "UTF8"},
    Variable{"server_version", "13.0.0"},
    Variable{"server_version_num", "130000"},
    Variable{"standard_conforming_strings", "on"},
    Variable{"statement_timeout", "0"},
    Variable{"synchronous_commit", "on"},
    Variable{"timezone", "UTC"},
    Variable{"tracing", "off"},
    Variable{"transaction_isolation", "serializable"},
    Variable{"transaction_priority", "normal"},
    Variable{"transaction_read_only", "off"},
    Variable{"vectorize", "on"},
};

constexpr std::array<std::string_view, 12> kReadOnly{
    "crdb_version", "integer_datetimes",  "is_superuser",        "max_identifier_length",
    "node_id",      "server_encoding",    "server_version",      "server_version_num",
    "session_user", "transaction_status", "results_buffer_size", "session_authorization"};

constexpr std::array<std::string_view, 4> kDurations{"idle_in_session_timeout",
                                                     "idle_in_transaction_session_timeout",
                                                     "lock_timeout", "statement_timeout"};

constexpr std::array<std::string_view, 6> kSwitches{"allow_unsafe_internals",
                                                    "default_transaction_read_only",
                                                    "transaction_read_only",
                                                    "standard_conforming_strings",
                                                    "default_transaction_use_follower_reads",
                                                    "row_security"};

template <class List>
bool has(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

Failure unrecognized(std::string_view name) {
  Failure made =
      failure("42704", "unrecognized configuration parameter \"" + std::string(name) + "\"");
  made.error.file = "vars.go";
  made.error.line = 2166;
  made.error.routine = "getSessionVar";
  return made;
}

// Durations are kept in milliseconds, as SHOW prints them; a bare number counts them.
std::string milliseconds_text(const std::string& name, const std::string& value) {
  std::int64_t count = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (problem == std::errc{} && end == value.data() + value.size() && count >= 0) return value;
  const auto interval = parse_interval(value);
  if (!interval || approximate_micros(*interval) < 0) {
    Failure made =
        failure("22007", "invalid value for parameter \"" + name + "\": \"" + value +
                             "\": could not parse \"" + value +
                             "\" as type interval: interval: missing number at position 0: \"" +
                             value + "\"");
    made.error.file = "interval.go";
    made.error.line = 79;
    made.error.routine = "consumeNum";
    throw made;
  }
  return std::to_string(approximate_micros(*interval) / 1000);
}

std::string normalized(const std::string& name, const std::string& value) {
  if (has(kDurations, name)) return milliseconds_text(name, value);
  if (has(kSwitches, name)) {
    const std::string word = lowered(value);
    return word == "true" || word == "on" || word == "yes" || word == "1" ? "on" : "off";
  }
  return value;
}

}  // namespace

Settings::Settings(std::string user, std::string database, std::string version,
                   std::int64_t node_id) {
  for (const Variable& variable : kVariables) values_[variable.name] = variable.value;
  values_["session_user"] = user;
  values_["session_authorization"] = std::move(user);
  values_["database"] = std::move(database);
  values_["crdb_version"] = std::move(version);
  values_["node_id"] = std::to_string(node_id);
  values_["transaction_status"] = "NoTxn";
  defaults_ = values_;
}

void Settings::add_unsafe_internals(bool allowed) {
  values_["allow_unsafe_internals"] = defaults_["allow_unsafe_internals"] = allowed ? "on" : "off";
}

std::optional<std::string> Settings::get(std::string_view name) const {
  const auto found = values_.find(lowered(name));
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

void Settings::set(std::string_view name, const std::string& value) {
  const std::string key = lowered(name);
  const auto found = values_.find(key);
  if (found == values_.end()) throw unrecognized(name);
  if (has(kReadOnly, key)) {
    throw failure("55P02", "parameter \"" + key + "\" cannot be changed");
  }
  found->second = normalized(key, value);
}

void Settings::reset(std::string_view name) {
  const std::string key = lowered(name);
  if (!values_.contains(key)) throw unrecognized(name);
  values_[key] = defaults_[key];
}

void Settings::reset_all() {
  const std::string database = values_["database"];
  values_ = defaults_;
  values_["database"] = database;
}

void Settings::set_at_startup(std::string_view name, const std::string& value) {
  const std::string key = lowered(name);
  if (!values_.contains(key) || has(kReadOnly, key)) return;
  try {
    values_[key] = defaults_[key] = normalized(key, value);
  } catch (const Failure&) {  // A bad value at startup does not end the login.
    values_[key] = defaults_[key];
  }
}

std::optional<std::chrono::milliseconds> Settings::statement_timeout() const {
  const std::string& text = values_.at("statement_timeout");
  std::int64_t count = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), count);
  if (count <= 0) return std::nullopt;
  return std::chrono::milliseconds(count);
}

}  // namespace faultline::sim::sql
