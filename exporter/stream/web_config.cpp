#include "exporter/stream/web_config.hpp"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <string_view>

#include <yaml-cpp/yaml.h>

namespace faultline::stream {

namespace {

constexpr const char* kFlag = "--web.config.file";

Error wrong(const std::string& path, const std::string& what) {
  return {ErrorCode::invalid, std::string{kFlag} + " " + path + ": " + what, kFlag};
}

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

}  // namespace

Result<WebConfig> read_web_config(const std::string& path) {
  try {
    const auto root = YAML::LoadFile(path);
    WebConfig config;
    if (root.IsNull()) return config;
    if (!root.IsMap()) return wrong(path, "must be a map");
    auto text = unknown_key(root, "", {"tls_server_config", "basic_auth_users"});
    const auto folder = std::filesystem::path{path}.parent_path();
    if (text.empty() && root["tls_server_config"]) {
      text = read_tls(root["tls_server_config"], folder, config);
    }
    if (text.empty() && root["basic_auth_users"]) {
      text = read_users(root["basic_auth_users"], config);
    }
    if (!text.empty()) return wrong(path, text);
    return config;
  } catch (const YAML::BadFile&) {
    return wrong(path, "cannot be read");
  } catch (const YAML::Exception& error) {
    return wrong(path, "line " + std::to_string(error.mark.line + 1) +
                           " is not what it should be: " + error.msg);
  }
}

}  // namespace faultline::stream
