// Logging in to a node that has certificates: by certificate, else by password.
#include "simulator/pgwire/connection.hpp"

namespace faultline::sim::pgwire {
namespace {

constexpr std::uint32_t kSasl = 10, kSaslContinue = 11, kSaslFinal = 12;
constexpr std::string_view kMechanism = "SCRAM-SHA-256";

}  // namespace

// A certificate that was shown must be the user's: no password makes up for it.
void Connection::authenticate(const std::optional<sql::Account>& account) {
  const std::string& shown = options_.tls->certificate_user;
  if (!shown.empty()) {
    if (shown != startup_.user) {
      sql::SqlError error;
      error.sqlstate = "28000";
      error.message =
          "requested user is " + startup_.user + ", but certificate is for [" + shown + "]";
      error.file = "auth.go";
      error.line = 145;
      error.routine = "func1";
      return refuse(error);
    }
    return account ? start_session(*account) : refuse(password_failed());
  }
  // Who has no password, or does not exist, is asked for one all the same.
  account_ = account.value_or(sql::Account{});
  out_.authentication(kSasl, std::string(kMechanism) + '\0' + '\0');
  phase_ = Phase::password;
}

void Connection::password_message(char type, std::string_view payload) {
  if (type != 'p') return refuse(password_failed());
  if (scram_ != nullptr) {
    const auto last = scram_->final(payload);
    scram_.reset();
    if (!last) return refuse(password_failed());
    out_.authentication(kSaslFinal, *last);
    return start_session(account_);
  }
  PayloadReader reader(payload);
  const std::string mechanism = reader.text();
  const auto length = static_cast<std::uint32_t>(reader.integer(4));
  const bool fits = reader.ok() && mechanism == kMechanism && length <= reader.left();
  const auto verifier = sql::parse_verifier(account_.verifier);
  if (!fits || !verifier) return refuse(password_failed());
  scram_ = std::make_unique<ScramServer>(*verifier, sql::base64(sql::random_bytes(18)));
  const auto first = scram_->first(reader.bytes(length));
  if (!first) return refuse(password_failed());
  out_.authentication(kSaslContinue, *first);
}

}  // namespace faultline::sim::pgwire
