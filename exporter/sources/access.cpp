#include "exporter/sources/access.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/base/text.hpp"
#include "exporter/sources/dialect.hpp"

namespace faultline::sql {

namespace {

/// The table that a statement is about, for people.
std::string table_of(const std::string& statement) {
  constexpr std::string_view kFromTable = " FROM TABLE ";  // Of a SHOW, within a SELECT.
  const auto table = statement.find(kFromTable);
  const auto from = statement.find(" FROM ");
  if (from == std::string::npos) return "what it asks for";
  const auto begin = table == std::string::npos ? from + 6 : table + kFromTable.size();
  const auto end = std::min(statement.find_first_of(" )]", begin), statement.size());
  return statement.substr(begin, end - begin);
}

/// What the statement would do, for people: "read crdb_internal.gossip_nodes".
std::string deed_of(const std::string& statement) {
  constexpr std::string_view kIfNotExists = "IF NOT EXISTS ";
  const auto name_after = [&](std::string_view words) {
    const auto begin = statement.find(words) + words.size();
    return statement.substr(begin, statement.find(' ', begin) - begin);
  };
  if (statement.starts_with("CREATE DATABASE")) {
    return "create the database " + name_after(kIfNotExists);
  }
  if (statement.starts_with("CREATE TABLE")) return "create the table " + name_after(kIfNotExists);
  if (statement.starts_with("UPSERT")) return "write to " + name_after(" INTO ");
  if (statement.starts_with("DELETE")) return "delete from " + name_after(" FROM ");
  return "read " + table_of(statement);
}

/// The end of libpq's words: without the address, which we put in front ourselves.
std::string gist(std::string_view words) {
  constexpr std::string_view kFailed = " failed: ";
  if (const auto at = words.find(kFailed); at != std::string_view::npos) {
    words.remove_prefix(at + kFailed.size());
  }
  words = words.substr(0, words.find('\n'));
  for (const std::string_view prefix : {"ERROR:  ", "FATAL:  ", "ERROR: ", "FATAL: "}) {
    if (words.starts_with(prefix)) words.remove_prefix(prefix.size());
  }
  return std::string{words};
}

}  // namespace

Error explain_refusal(const Refusal& refusal) {
  if (refusal.sqlstate == "42501" && contains(refusal.message, "is restricted")) {
    return {ErrorCode::forbidden,
            "crdb_internal and system are closed to this session, although it asks for "
            "allow_unsafe_internals=true: run ALTER ROLE " +
                identifier(refusal.user) +
                " SET allow_unsafe_internals = on, and on v26.2 and later look at the cluster "
                "setting sql.override.allow_unsafe_internals.enabled"};
  }
  if (refusal.sqlstate == "42501") {
    return {ErrorCode::forbidden,
            "the user " + refusal.user + " may not " + deed_of(refusal.statement) + ": run " +
                grant_for(refusal.statement, refusal.message, refusal.user, refusal.version)};
  }
  if (refusal.sqlstate == "57014") {
    return {ErrorCode::upstream, "57014: the cluster did not finish the statement within " +
                                     std::to_string(refusal.statement_timeout.count()) +
                                     " ms (statement_timeout)"};
  }
  constexpr std::size_t kShown = 240;  // A replica that is not available tells a long story.
  return {ErrorCode::upstream, refusal.sqlstate + ": " + refusal.message.substr(0, kShown)};
}

Error explain_login(const std::string& words, const std::string& address, const std::string& user) {
  const auto what = gist(words);
  const auto at = address + ": ";
  if (contains(what, "get-user-timeout") || contains(what, "retrieving user account")) {
    return {ErrorCode::timeout,
            at + "the cluster could not look the user " + user +
                " up in time, as without quorum: only root with a certificate gets in then"};
  }
  if (contains(what, "secure mode")) {
    return {ErrorCode::unauthorized,
            at + "the node runs in secure mode: give --cockroach.certs-dir"};
  }
  if (contains(what, "does not support SSL")) {
    return {ErrorCode::unauthorized,
            at + "the node is insecure and speaks no TLS: leave --cockroach.certs-dir out"};
  }
  if (contains(what, "requested user is")) {
    return {ErrorCode::unauthorized,
            at + what + ": check --cockroach.user and client." + user + ".crt"};
  }
  constexpr std::array kLogin{"password", "authentication", "role \"", "login"};
  for (const auto* word : kLogin) {
    if (!contains(what, word)) continue;
    return {ErrorCode::unauthorized,
            at + "login refused: " + what +
                "; check --cockroach.user, --cockroach.password-file and --cockroach.certs-dir"};
  }
  constexpr std::array kCertificate{"certificate", "private key", "host name", "alert"};
  for (const auto* word : kCertificate) {
    if (!contains(what, word)) continue;
    return {ErrorCode::unauthorized, at + "certificate problem: " + what +
                                         "; check ca.crt, client." + user + ".crt and client." +
                                         user + ".key in --cockroach.certs-dir"};
  }
  return {ErrorCode::unavailable, at + what};
}

}  // namespace faultline::sql
