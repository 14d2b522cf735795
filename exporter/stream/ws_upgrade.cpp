#include "exporter/stream/ws_upgrade.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace faultline::stream {

namespace {

constexpr std::string_view kV1 = "faultline.v1";
constexpr std::size_t kKeySize = 24;  // 16 random bytes in base64.

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// host:port with the scheme's own port written out, so that ":80" said and
/// unsaid compare equal.
std::string authority(std::string_view host, std::string_view scheme) {
  std::string whole = lower(host);
  const auto colon = whole.rfind(':');
  const bool has_port = colon != std::string::npos && whole.find(']', colon) == std::string::npos;
  if (!has_port) whole += scheme == "https" || scheme == "wss" ? ":443" : ":80";
  return whole;
}

bool offers(std::string_view subprotocols, std::string_view wanted) {
  while (!subprotocols.empty()) {
    const auto comma = subprotocols.find(',');
    std::string_view one = subprotocols.substr(0, comma);
    while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
    while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
    if (one == wanted) return true;
    subprotocols.remove_prefix(comma == std::string_view::npos ? subprotocols.size() : comma + 1);
  }
  return false;
}

std::string accept_key(std::string_view key) {
  const std::string salted = std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(salted.data()), salted.size(), digest.data());
  std::array<unsigned char, 4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1> text{};
  const int size = EVP_EncodeBlock(text.data(), digest.data(), SHA_DIGEST_LENGTH);
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)};
}

}  // namespace

bool origin_allowed(std::optional<std::string_view> origin, std::string_view host,
                    const std::vector<std::string>& allowed) {
  if (!origin) return true;
  const std::string wanted = lower(*origin);
  const auto same = [&](const std::string& one) { return lower(one) == wanted; };
  if (std::any_of(allowed.begin(), allowed.end(), same)) return true;
  const auto end = wanted.find("://");
  if (end == std::string::npos || host.empty()) return false;  // "null" and other oddities.
  const std::string scheme = wanted.substr(0, end);
  return authority(std::string_view{wanted}.substr(end + 3), scheme) == authority(host, scheme);
}

Result<Protocol> judge_upgrade(const UpgradeRequest& request,
                               const std::vector<std::string>& allowed_origins) {
  if (!origin_allowed(request.origin, request.host, allowed_origins)) {
    return Error{ErrorCode::forbidden,
                 "pages of this origin may not connect; --web.allow-origin allows one", "Origin"};
  }
  if (request.version != "13") {
    return Error{ErrorCode::unsupported, "version 13 is the only one spoken here",
                 "Sec-WebSocket-Version"};
  }
  if (request.key.size() != kKeySize || !request.key.ends_with("==")) {
    return Error{ErrorCode::malformed, "must be 16 bytes in base64", "Sec-WebSocket-Key"};
  }
  if (request.subprotocols.empty()) return Protocol::bare;
  if (offers(request.subprotocols, kV1)) return Protocol::faultline_v1;
  return Error{ErrorCode::invalid, "faultline.v1 is the only subprotocol; or ask for none",
               "Sec-WebSocket-Protocol"};
}

std::string switching_protocols(std::string_view key, Protocol protocol) {
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      accept_key(key) + "\r\n";
  if (protocol == Protocol::faultline_v1) {
    answer.append("Sec-WebSocket-Protocol: ").append(kV1).append("\r\n");
  }
  return answer + "\r\n";
}

}  // namespace faultline::stream
