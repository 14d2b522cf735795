#include "chaosd/service/digest.hpp"

#include <array>

#include <openssl/evp.h>

#include "common/base/ensure.hpp"

namespace faultline::chaos {

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  const int done = EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr);
  FAULTLINE_ENSURE(done == 1 && size == 32, "SHA-256 is in every OpenSSL");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * static_cast<std::size_t>(size));
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[bytes[i] >> 4U];
    hex += kDigits[bytes[i] & 0x0FU];
  }
  return hex;
}

}  // namespace faultline::chaos
