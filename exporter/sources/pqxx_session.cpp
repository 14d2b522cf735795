#include "exporter/sources/pqxx_session.hpp"

#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include "exporter/sources/deadline_guard.hpp"

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

/// The first line, without libpq's "ERROR:  ".
std::string first_line(std::string text) {
  if (const auto end = text.find('\n'); end != std::string::npos) text.resize(end);
  for (const std::string prefix : {"ERROR:  ", "FATAL:  "}) {
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
  }
  return text;
}

}  // namespace

std::string connection_string(const SessionOptions& options, const std::string& host,
                              const std::string& port, const std::string& numeric) {
  const auto& login = options.login;
  // libpq looks names up without a deadline, so it gets the number; the name stays
  // for the certificate.
  std::string text = "host=" + quoted(host) + " hostaddr=" + numeric + " port=" + port +
                     " dbname=system user=" + quoted(login.user) +
                     " application_name=faultline-exporter connect_timeout=2 gssencmode=disable"
                     " keepalives=1 keepalives_idle=2 keepalives_interval=1 keepalives_count=3"
                     " tcp_user_timeout=3000";
  if (!login.password.empty()) text += " password=" + quoted(login.password);
  if (login.certs_dir.empty()) {
    text += " sslmode=disable";
  } else {
    const auto file = [&](const std::string& name) { return quoted(login.certs_dir + "/" + name); };
    text += " sslmode=verify-full sslrootcert=" + file("ca.crt");
    if (login.password.empty()) {
      text += " sslcert=" + file("client." + login.user + ".crt") +
              " sslkey=" + file("client." + login.user + ".key");
    }
  }
  // v26.1 closes crdb_internal by default; older servers ignore what they do not know.
  text += " options='-c statement_timeout=" + std::to_string(options.statement_timeout.count()) +
          " -c allow_unsafe_internals=true -c default_transaction_read_only=" +
          (options.read_only ? "on" : "off") + "'";
  return text;
}

struct PqxxSession::Connection {
  explicit Connection(const std::string& text) : pqxx(text) {}
  // Not pqxx::connection: its constructor dials and cannot be interrupted, and
  // libpq's own limit is 2 s at least. This one only begins; the first use completes
  // it, and by then there is a socket for the guard.
  pqxx::asyncconnection pqxx;
};

PqxxSession::PqxxSession(std::string address, SessionOptions options, net::AddressBook& book,
                         std::stop_token abort)
    : address_(std::move(address)),
      options_(std::move(options)),
      book_(book),
      abort_(std::move(abort)) {}

PqxxSession::~PqxxSession() = default;

Error PqxxSession::lost(const std::string& what, Deadline deadline) const {
  if (abort_.stop_requested()) return {ErrorCode::unavailable, "stopping"};
  if (std::chrono::steady_clock::now() >= deadline) {
    return {ErrorCode::timeout, "no answer from " + address_ + " before the deadline"};
  }
  // Its words for a connection that broke under a statement mislead ("could not
  // obtain client encoding").
  const bool misleading = what.find("client encoding") != std::string::npos || what.empty();
  return {ErrorCode::unavailable,
          address_ + ": " + (misleading ? "the connection broke" : first_line(what))};
}

Status PqxxSession::dial(Deadline deadline) {
  const auto to = net::parse_endpoint(address_);
  if (!to) return to.error();
  const auto numeric = book_.resolve(to->host, deadline);
  if (!numeric) return numeric.error();
  connection_ = std::make_unique<Connection>(
      connection_string(options_, to->host, to->port, numeric->front()));
  const DeadlineGuard guard{connection_->pqxx.sock(), deadline, abort_};
  // Completes the dialling and proves that the server answers.
  pqxx::nontransaction{connection_->pqxx}.exec("SELECT 1");
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
    const DeadlineGuard guard{connection_->pqxx.sock(), deadline, abort_};
    pqxx::nontransaction session{connection_->pqxx};
    return copy_cells(session.exec(statement));
  } catch (const pqxx::sql_error& error) {
    // 57P01 and the like close the session; libpqxx would dial again behind our back
    // at the next use, without a deadline.
    const bool open = connection_ && connection_->pqxx.is_open();
    if (!open) connection_.reset();
    return Error{ErrorCode::upstream, error.sqlstate() + ": " + first_line(error.what())};
  } catch (const pqxx::failure& error) {
    connection_.reset();
    return lost(error.what(), deadline);
  } catch (const std::exception& error) {
    connection_.reset();
    return Error{ErrorCode::internal, std::string{"libpqxx: "} + error.what()};
  }
}

}  // namespace faultline::sql
