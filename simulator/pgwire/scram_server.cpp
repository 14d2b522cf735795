#include "simulator/pgwire/scram_server.hpp"

namespace faultline::sim::pgwire {
namespace {

// The value of "x=..." in a message of attributes separated by commas.
std::optional<std::string> attribute(std::string_view message, char name) {
  while (!message.empty()) {
    const auto comma = message.find(',');
    const std::string_view each = message.substr(0, comma);
    if (each.size() >= 2 && each[0] == name && each[1] == '=') return std::string(each.substr(2));
    if (comma == std::string_view::npos) break;
    message.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ScramServer::first(std::string_view client_first) {
  // gs2-header: "n,," or "y,,"; "p=..." would be channel binding, which was not offered.
  if (!client_first.starts_with("n,") && !client_first.starts_with("y,")) return std::nullopt;
  const auto end = client_first.find(',', 2);
  if (end == std::string_view::npos) return std::nullopt;
  header_ = client_first.substr(0, end + 1);
  client_bare_ = client_first.substr(end + 1);
  const auto client_nonce = attribute(client_bare_, 'r');
  if (!client_nonce || client_nonce->empty()) return std::nullopt;
  nonce_ = *client_nonce + nonce_;
  server_first_ = "r=" + nonce_ + ",s=" + sql::base64(verifier_.salt) +
                  ",i=" + std::to_string(verifier_.iterations);
  return server_first_;
}

std::optional<std::string> ScramServer::final(std::string_view client_final) {
  const auto proof_at = client_final.rfind(",p=");
  if (proof_at == std::string_view::npos || server_first_.empty()) return std::nullopt;
  const std::string_view without_proof = client_final.substr(0, proof_at);
  const auto proof = sql::from_base64(client_final.substr(proof_at + 3));
  if (!proof || attribute(without_proof, 'c') != sql::base64(header_) ||
      attribute(without_proof, 'r') != nonce_) {
    return std::nullopt;
  }
  const std::string signed_text =
      client_bare_ + "," + server_first_ + "," + std::string(without_proof);
  const std::string signature = sql::hmac_sha256(verifier_.stored_key, signed_text);
  if (proof->size() != signature.size()) return std::nullopt;
  if (sql::sha256(sql::xor_bytes(*proof, signature)) != verifier_.stored_key) return std::nullopt;
  return "v=" + sql::base64(sql::hmac_sha256(verifier_.server_key, signed_text));
}

}  // namespace faultline::sim::pgwire
