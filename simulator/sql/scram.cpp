#include "simulator/sql/scram.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <charconv>

#include "common/base/ensure.hpp"

namespace faultline::sim::sql {
namespace {

constexpr std::string_view kMechanism = "SCRAM-SHA-256$";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  unsigned size = 0;
  const auto* done = ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text),
                            text.size(), bytes_of(out), &size);
  FAULTLINE_ENSURE(done != nullptr && size == out.size(), "HMAC-SHA-256 cannot fail on memory");
  return out;
}

std::string sha256(std::string_view text) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  (void)::SHA256(bytes_of(text), text.size(), bytes_of(out));
  return out;
}

std::string salted_password(std::string_view password, std::string_view salt, int iterations) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  const int done = ::PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                                       bytes_of(salt), static_cast<int>(salt.size()), iterations,
                                       EVP_sha256(), SHA256_DIGEST_LENGTH, bytes_of(out));
  FAULTLINE_ENSURE(done == 1, "PBKDF2 with SHA-256 is always there");
  return out;
}

std::string xor_bytes(std::string_view left, std::string_view right) {
  std::string out(std::min(left.size(), right.size()), '\0');
  for (std::size_t at = 0; at < out.size(); ++at) {
    out[at] = static_cast<char>(left[at] ^ right[at]);
  }
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      ::EVP_EncodeBlock(bytes_of(out), bytes_of(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3 + 1, '\0');
  const int size = ::EVP_DecodeBlock(bytes_of(out), bytes_of(text), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // OpenSSL counts the padding as bytes.
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  FAULTLINE_ENSURE(::RAND_bytes(bytes_of(out), static_cast<int>(count)) == 1,
                   "the operating system has random bytes");
  return out;
}

std::string make_verifier(std::string_view password, std::string_view salt, int iterations) {
  const std::string salted = salted_password(password, salt, iterations);
  return std::string(kMechanism) + std::to_string(iterations) + ":" + base64(salt) + "$" +
         base64(sha256(hmac_sha256(salted, "Client Key"))) + ":" +
         base64(hmac_sha256(salted, "Server Key"));
}

std::optional<ScramVerifier> parse_verifier(std::string_view text) {
  if (!text.starts_with(kMechanism)) return std::nullopt;
  text.remove_prefix(kMechanism.size());
  const auto colon = text.find(':');
  const auto dollar = text.find('$');
  const auto last = text.rfind(':');
  if (colon == std::string_view::npos || dollar == std::string_view::npos || colon > dollar ||
      last < dollar) {
    return std::nullopt;
  }
  ScramVerifier made;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + colon, made.iterations);
  const auto salt = from_base64(text.substr(colon + 1, dollar - colon - 1));
  const auto stored = from_base64(text.substr(dollar + 1, last - dollar - 1));
  const auto server = from_base64(text.substr(last + 1));
  if (failed != std::errc() || made.iterations < 1 || !salt || !stored || !server) {
    return std::nullopt;
  }
  made.salt = *salt;
  made.stored_key = *stored;
  made.server_key = *server;
  return made;
}

}  // namespace faultline::sim::sql
