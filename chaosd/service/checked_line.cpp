#include "chaosd/service/checked_line.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace faultline::chaos {

namespace {

/// CRC-32 as in zip and Ethernet. Ten lines are less than a dependency.
std::uint32_t crc32(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : text) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ (0xEDB88320U & (0U - (crc & 1U)));
  }
  return ~crc;
}

std::string checksum(std::string_view text) {
  std::array<char, 9> hex{};
  std::snprintf(hex.data(), hex.size(), "%08x", crc32(text));
  return hex.data();
}

}  // namespace

std::string checked_line(std::string_view body) {
  return checksum(body) + " " + std::string{body} + "\n";
}

std::optional<std::string_view> body_of_line(std::string_view line) {
  constexpr std::size_t kChecksumSize = 8;
  if (line.size() <= kChecksumSize + 1 || line[kChecksumSize] != ' ') return std::nullopt;
  const auto body = line.substr(kChecksumSize + 1);
  if (line.substr(0, kChecksumSize) != checksum(body)) return std::nullopt;
  return body;
}

}  // namespace faultline::chaos
