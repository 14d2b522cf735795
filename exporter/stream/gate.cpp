#include "exporter/stream/gate.hpp"

#include <array>
#include <memory>

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace faultline::stream {

namespace {

// Of nobody's password; of the cost that exporter-toolkit recommends.
constexpr const char* kNobody = "$2y$10$abcdefghijklmnopqrstuu4T826PRnz0Hu6YlprUuxkZxOOj5Fw5S";

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // It counts the padding as bytes.
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

bool matches(const std::string& password, const std::string& hash) {
  // crypt takes text: what follows a NUL would not count.
  if (password.find('\0') != std::string::npos) return false;
  const auto data = std::make_unique<crypt_data>();
  const char* made = ::crypt_r(password.c_str(), hash.c_str(), data.get());
  if (made == nullptr) return false;
  const std::string_view text{made};
  const bool same =
      text.size() == hash.size() && CRYPTO_memcmp(text.data(), hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(data.get(), sizeof *data);
  return same;
}

}  // namespace

std::optional<Gate::Login> Gate::read(std::string_view authorization) {
  constexpr std::string_view kBasic = "basic ";
  if (authorization.size() < kBasic.size()) return std::nullopt;
  for (std::size_t i = 0; i < kBasic.size(); ++i) {
    if ((authorization[i] | 0x20) != kBasic[i]) return std::nullopt;
  }
  const auto text = from_base64(authorization.substr(kBasic.size()));
  const auto colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return Login{text->substr(0, colon), text->substr(colon + 1)};
}

std::string Gate::hash_of(const std::string& user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? "" : found->second;
}

std::string Gate::digest(const Login& login) const {
  std::string text = login.user;
  text.append(1, '\0').append(hash_of(login.user)).append(1, '\0').append(login.password);
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

std::optional<bool> Gate::knows(std::string_view authorization) const {
  if (users_.empty()) return true;
  const auto login = read(authorization);
  if (!login) return false;
  const auto key = digest(*login);
  const std::lock_guard lock(mutex_);
  if (good_.contains(key)) return true;
  if (bad_.contains(key)) return false;
  return std::nullopt;
}

bool Gate::check(std::string_view authorization) {
  if (const auto known = knows(authorization)) return *known;
  const auto login = read(authorization);
  const auto hash = hash_of(login->user);
  const bool right = matches(login->password, hash.empty() ? kNobody : hash) && !hash.empty();
  const auto key = digest(*login);
  const std::lock_guard lock(mutex_);
  // Who guesses pushes out guesses, not those who know.
  auto& remembered = right ? good_ : bad_;
  if (remembered.size() >= kRemembered) remembered.clear();
  remembered.insert(key);
  return right;
}

}  // namespace faultline::stream
