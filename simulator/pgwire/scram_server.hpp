#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "simulator/sql/scram.hpp"

namespace faultline::sim::pgwire {

/// The server's half of one SCRAM-SHA-256 exchange (RFC 5802), without channel binding,
/// as the recorded server offers it. Pure: messages in, messages out.
class ScramServer {
 public:
  /// `nonce` is this server's part of the exchange's nonce, in printable characters.
  ScramServer(sql::ScramVerifier verifier, std::string nonce)
      : verifier_(std::move(verifier)), nonce_(std::move(nonce)) {}

  /// server-first-message for client-first-message; nothing: that was none.
  [[nodiscard]] std::optional<std::string> first(std::string_view client_first);
  /// server-final-message; nothing: the password was wrong, or the message.
  [[nodiscard]] std::optional<std::string> final(std::string_view client_final);

 private:
  sql::ScramVerifier verifier_;
  std::string nonce_;
  std::string header_, client_bare_, server_first_;
};

}  // namespace faultline::sim::pgwire
