#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace faultline::sim::sql {

// What is stored of a password, and the arithmetic that both ends of SCRAM-SHA-256
// (RFC 5802, RFC 7677) share. Strings here are raw bytes unless said otherwise.

/// The server's default, as recorded ("i=119680").
inline constexpr int kScramIterations = 119'680;

struct ScramVerifier {
  int iterations = 0;
  std::string salt, stored_key, server_key;
};

[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view text);
[[nodiscard]] std::string sha256(std::string_view text);
/// PBKDF2 with HMAC-SHA-256: what both keys are derived from.
[[nodiscard]] std::string salted_password(std::string_view password, std::string_view salt,
                                          int iterations);
[[nodiscard]] std::string xor_bytes(std::string_view left, std::string_view right);
[[nodiscard]] std::string base64(std::string_view bytes);
/// Nothing when it is not base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
/// From the operating system's generator.
[[nodiscard]] std::string random_bytes(std::size_t count);

/// "SCRAM-SHA-256$119680:salt$stored:server", the form that the server itself keeps.
[[nodiscard]] std::string make_verifier(std::string_view password, std::string_view salt,
                                        int iterations = kScramIterations);
[[nodiscard]] std::optional<ScramVerifier> parse_verifier(std::string_view text);

}  // namespace faultline::sim::sql
