#include "exporter/stream/web_config.hpp"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <string_view>

#include "exporter/stream/yaml_file.hpp"

namespace faultline::stream {

namespace {

/// Empty, or what is wrong: a key that is misspelt would silently protect nothing.
std::string unknown_key(const YAML::Node& map, const std::string& where,
                        std::initializer_list<std::string_view> known) {
  for (const auto& item : map) {
    const auto key = item.first.as<std::string>();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string text = where + key + " is not known here; use";
    for (const auto name : known) text.append(" ").append(name);
    return text;
  }
  return "";
}

/// "$2y$10$" and 53 characters.
bool is_bcrypt(const std::string& hash) {
  constexpr std::size_t kSize = 60;
  const bool kind =
      hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$");
  const auto digit = [&](std::size_t at) { return hash[at] >= '0' && hash[at] <= '9'; };
  return kind && hash.size() == kSize && digit(4) && digit(5) && hash[6] == '$';
}

std::string read_tls(const YAML::Node& map, const std::filesystem::path& folder, WebConfig& to) {
  if (!map.IsMap()) return "tls_server_config must be a map with cert_file and key_file";
  if (auto text = unknown_key(map, "tls_server_config.", {"cert_file", "key_file", "min_version"});
      !text.empty()) {
    return text;
  }
  WebConfig::Tls tls;
  for (const auto& [name, field] :
       {std::pair{"cert_file", &tls.cert_file}, std::pair{"key_file", &tls.key_file}}) {
    const auto file = map[name] ? map[name].as<std::string>() : "";
    if (file.empty()) return std::string{"tls_server_config."} + name + " is missing";
    *field = (folder / file).string();
  }
  if (map["min_version"]) tls.min_version = map["min_version"].as<std::string>();
  if (tls.min_version != "TLS12" && tls.min_version != "TLS13") {
    return "tls_server_config.min_version is \"" + tls.min_version + "\"; use TLS12 or TLS13";
  }
  to.tls = tls;
  return "";
}

std::string read_users(const YAML::Node& map, WebConfig& to) {
  if (!map.IsMap() || map.size() == 0) {
    return "basic_auth_users must be a map of names to bcrypt hashes; leave it out for no login";
  }
  for (const auto& item : map) {
    const auto name = item.first.as<std::string>();
    if (name.empty() || name.find(':') != std::string::npos) {
      return "basic_auth_users has a name that is empty or holds a colon";
    }
    const auto hash = item.second.as<std::string>();
    if (!is_bcrypt(hash)) {
      return "basic_auth_users." + name + " is no bcrypt hash; make one with htpasswd -nBC 10 " +
             name;
    }
    to.users.insert_or_assign(name, hash);
  }
  return "";
}

Result<WebConfig> read_root(const YAML::Node& root, const std::filesystem::path& folder) {
  WebConfig config;
  if (root.IsNull()) return config;
  if (!root.IsMap()) return Error{ErrorCode::invalid, "must be a map"};
  auto text = unknown_key(root, "", {"tls_server_config", "basic_auth_users"});
  if (text.empty() && root["tls_server_config"]) {
    text = read_tls(root["tls_server_config"], folder, config);
  }
  if (text.empty() && root["basic_auth_users"]) {
    text = read_users(root["basic_auth_users"], config);
  }
  if (!text.empty()) return Error{ErrorCode::invalid, text};
  return config;
}

}  // namespace

Result<WebConfig> read_web_config(const std::string& path) {
  return read_yaml_file("--web.config.file", path, read_root);
}

}  // namespace faultline::stream
