#include "exporter/sources/pqxx_session.hpp"

#include <algorithm>
#include <string_view>

#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include "exporter/sources/access.hpp"

namespace faultline::sql {

namespace {

/// A value in a libpq connection string.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

Rows copy_cells(const pqxx::result& result) {
  Rows rows;
  rows.reserve(result.size());
  for (const auto& from : result) {
    Row row;
    row.reserve(from.size());
    for (const auto& field : from) {
      row.push_back(field.is_null() ? Cell{} : Cell{std::string{field.c_str(), field.size()}});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// libpqxx 6 leaves the state out of the errors that it has a type for.
std::string sqlstate_of(const pqxx::sql_error& error) {
  if (!error.sqlstate().empty()) return error.sqlstate();
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr) return "42501";
  if (dynamic_cast<const pqxx::undefined_table*>(&error) != nullptr) return "42P01";
  if (dynamic_cast<const pqxx::undefined_column*>(&error) != nullptr) return "42703";
  if (dynamic_cast<const pqxx::undefined_function*>(&error) != nullptr) return "42883";
  if (dynamic_cast<const pqxx::syntax_error*>(&error) != nullptr) return "42601";
  if (dynamic_cast<const pqxx::feature_not_supported*>(&error) != nullptr) return "0A000";
  if (dynamic_cast<const pqxx::insufficient_resources*>(&error) != nullptr) return "53000";
  return "an SQL error";
}

/// The same of class 40, which libpqxx does not even count among the SQL errors: a range
/// without quorum is 40003, and the session is as good as before.
std::string sqlstate_of(const pqxx::transaction_rollback& error) {
  if (dynamic_cast<const pqxx::statement_completion_unknown*>(&error) != nullptr) return "40003";
  if (dynamic_cast<const pqxx::serialization_failure*>(&error) != nullptr) return "40001";
  return "40000";
}

/// The first line, without libpq's "ERROR:  ".
std::string first_line(std::string text) {
  if (const auto end = text.find('\n'); end != std::string::npos) text.resize(end);
  for (const std::string prefix : {"ERROR:  ", "FATAL:  "}) {
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
  }
  return text;
}

}  // namespace

std::string check_session_setting(const std::string& text) {
  constexpr auto kWhatWillDo =
      "use name=value of letters, digits and _.-:/ as statement_timeout=5s";
  const auto equals = text.find('=');
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"_.-:/"}.find(c) != std::string_view::npos;
  };
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) return kWhatWillDo;
  const auto name = text.substr(0, equals);
  const auto value = text.substr(equals + 1);
  const bool good = std::all_of(name.begin(), name.end(), plain) &&
                    std::all_of(value.begin(), value.end(), plain);
  return good ? "" : kWhatWillDo;
}

Secret connection_string(const SessionOptions& options, const std::string& host,
                         const std::string& port, const std::string& numeric) {
  const auto& login = options.login;
  // libpq looks names up without a deadline, so it gets the number; the name stays
  // for the certificate.
  std::string text = "host=" + quoted(host) + " hostaddr=" + numeric + " port=" + port +
                     " dbname=system user=" + quoted(login.user) +
                     " application_name=faultline-exporter connect_timeout=2 gssencmode=disable"
                     " keepalives=1 keepalives_idle=2 keepalives_interval=1 keepalives_count=3"
                     " tcp_user_timeout=3000";
  if (!login.password.empty()) text += " password=" + quoted(login.password.reveal());
  if (login.certs_dir.empty()) {
    text += " sslmode=disable";
  } else {
    const auto file = [&](const std::string& name) { return quoted(login.certs_dir + "/" + name); };
    text += " sslmode=verify-full sslrootcert=" + file("ca.crt");
    // Left to itself, libpq shows ~/.postgresql/postgresql.crt where there is one, and CockroachDB
    // refuses a stranger's certificate whatever the password. An empty name is the default again;
    // of one that cannot be, it takes it that there is none.
    if (!login.password.empty()) {
      text += " sslcert=/dev/null/none";
    } else {
      text += " sslcert=" + file("client." + login.user + ".crt") +
              " sslkey=" + file("client." + login.user + ".key");
    }
  }
  // v26.1 closes crdb_internal by default; older servers ignore what they do not know.
  text += " options='-c statement_timeout=" + std::to_string(options.statement_timeout.count()) +
          " -c allow_unsafe_internals=true -c default_transaction_read_only=" +
          (options.read_only ? "on" : "off");
  for (const auto& setting : options.settings) text += " -c " + setting;
  return Secret{text + "'"};
}

struct PqxxSession::Connection {
  explicit Connection(const std::string& text) : pqxx(text) {}
  // Not pqxx::connection: its constructor dials and cannot be interrupted, and
  // libpq's own limit is 2 s at least. This one only begins; the first use completes
  // it, and by then there is a socket to watch.
  pqxx::asyncconnection pqxx;
};

PqxxSession::PqxxSession(std::string address, SessionOptions options, net::AddressBook& book,
                         Watchdog& dog)
    : address_(std::move(address)), options_(std::move(options)), book_(book), dog_(dog) {}

PqxxSession::~PqxxSession() = default;

Error PqxxSession::lost(const std::string& what, Deadline deadline) const {
  if (dog_.aborted()) return {ErrorCode::unavailable, "stopping"};
  if (std::chrono::steady_clock::now() >= deadline) {
    return {ErrorCode::timeout, "no answer from " + address_ + " before the deadline"};
  }
  // Its words for a connection that broke under a statement mislead ("could not
  // obtain client encoding").
  const bool misleading = what.find("client encoding") != std::string::npos || what.empty();
  if (misleading) return {ErrorCode::unavailable, address_ + ": the connection broke"};
  auto error = explain_login(what, address_, options_.login.user);
  error.message = options_.login.password.redact(std::move(error.message));
  return error;
}

Error PqxxSession::refused(const std::string& statement, const std::string& sqlstate,
                           const std::string& what) const {
  auto error = explain_refusal({sqlstate, first_line(what), statement, options_.login.user,
                                parse_server_version(version_), options_.statement_timeout});
  error.message = options_.login.password.redact(std::move(error.message));
  return error;
}

/// SHOW of what the server sent as ParameterStatus at startup: libpqxx 6 keeps libpq's
/// PQparameterStatus to itself. It is the statement that proves the server answers
/// anyway, so that the version costs nothing.
void PqxxSession::learn_version() {
  version_.clear();
  try {
    const auto rows = pqxx::nontransaction{connection_->pqxx}.exec("SHOW crdb_version");
    if (!rows.empty() && !rows.front().front().is_null()) version_ = rows.front().front().c_str();
  } catch (const pqxx::sql_error& error) {
    // Class 42, no such setting: not CockroachDB, which the next statement tells better.
    if (!connection_->pqxx.is_open() || !sqlstate_of(error).starts_with("42")) throw;
  }
}

Status PqxxSession::dial(Deadline deadline) {
  const auto to = net::parse_endpoint(address_);
  if (!to) return to.error();
  const auto numeric = book_.resolve(to->host, deadline);
  if (!numeric) return numeric.error();
  connection_ = std::make_unique<Connection>(
      connection_string(options_, to->host, to->port, numeric->front()).reveal());
  const auto watch = dog_.watch(connection_->pqxx.sock(), deadline);
  learn_version();  // Completes the dialling.
  ++generation_;
  return kDone;
}

Result<Rows> PqxxSession::query(const std::string& statement, Deadline deadline) {
  try {
    if (!connection_) {
      if (auto dialled = dial(deadline); !dialled) {
        connection_.reset();
        return dialled.error();
      }
    }
    const auto watch = dog_.watch(connection_->pqxx.sock(), deadline);
    pqxx::nontransaction session{connection_->pqxx};
    return copy_cells(session.exec(statement));
  } catch (const pqxx::sql_error& error) {
    // 57P01 and the like close the session; libpqxx would dial again behind our back
    // at the next use, without a deadline.
    const bool open = connection_ && connection_->pqxx.is_open();
    if (!open) connection_.reset();
    return refused(statement, sqlstate_of(error), error.what());
  } catch (const pqxx::transaction_rollback& error) {
    if (connection_ && !connection_->pqxx.is_open()) connection_.reset();
    return refused(statement, sqlstate_of(error), error.what());
  } catch (const pqxx::failure& error) {
    connection_.reset();
    return lost(error.what(), deadline);
  } catch (const std::exception& error) {
    connection_.reset();
    return Error{ErrorCode::internal, std::string{"libpqxx: "} + error.what()};
  }
}

}  // namespace faultline::sql
