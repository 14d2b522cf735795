#include "exporter/sources/server_version.hpp"

#include <array>
#include <charconv>

namespace faultline::sql {

std::optional<ServerVersion> parse_server_version(std::string_view text) {
  if (!text.starts_with("CockroachDB ")) return std::nullopt;
  const auto begin = text.find(" v");
  if (begin == std::string_view::npos) return std::nullopt;
  return parse_build_tag(text.substr(begin + 1));
}

std::optional<ServerVersion> parse_build_tag(std::string_view text) {
  if (!text.starts_with('v')) return std::nullopt;
  text.remove_prefix(1);
  std::array<int, 3> part{};
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part[i]);
    if (error != std::errc{} || part[i] < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (i + 1 < part.size()) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
  }
  return ServerVersion{part[0], part[1], part[2]};
}

}  // namespace faultline::sql
