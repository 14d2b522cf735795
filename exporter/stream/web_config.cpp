#include "exporter/stream/web_config.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>
#include <string_view>

#include "exporter/stream/yaml_file.hpp"

namespace faultline::stream {

namespace {

struct Unsupported {
  std::string_view key;
  std::string_view instead;
};

/// What exporter-toolkit has and this server has not: left aside it would be weaker than it says.
constexpr std::array kUnsupportedTls{
    Unsupported{"cert", "use cert_file"},
    Unsupported{"key", "use key_file"},
    Unsupported{"client_ca", "use client_ca_file"},
    Unsupported{"client_cas", "use client_ca_file"},
    Unsupported{"client_allowed_sans", "let a CA of its own sign the clients that may come in"},
    Unsupported{"cipher_suites", "leave it out, OpenSSL's own are used"},
    Unsupported{"prefer_server_cipher_suites", "leave it out, OpenSSL's own order is used"},
    Unsupported{"curve_preferences", "leave it out, OpenSSL's own are used"}};

std::string unsupported_key(const YAML::Node& map) {
  for (const auto& [key, instead] : kUnsupportedTls) {
    if (!map[std::string{key}]) continue;
    return "tls_server_config." + std::string{key} + " is not supported here; " +
           std::string{instead};
  }
  return "";
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

std::string read_versions(const YAML::Node& map, WebConfig::Tls& to) {
  for (const auto& [name, field] :
       {std::pair{"min_version", &to.min_version}, std::pair{"max_version", &to.max_version}}) {
    if (map[name]) *field = map[name].as<std::string>();
    if (*field != "TLS12" && *field != "TLS13") {
      return std::string{"tls_server_config."} + name + " is \"" + *field +
             "\"; use TLS12 or TLS13";
    }
  }
  return to.min_version > to.max_version ? "tls_server_config.max_version is below min_version"
                                         : "";
}

std::string read_client_auth(const YAML::Node& map, const std::filesystem::path& folder,
                             WebConfig::Tls& to) {
  const std::string field = "tls_server_config.client_auth_type";
  const auto type =
      map["client_auth_type"] ? map["client_auth_type"].as<std::string>() : "NoClientCert";
  const auto file = map["client_ca_file"] ? map["client_ca_file"].as<std::string>() : "";
  to.client_must_have_cert = type == "RequireAndVerifyClientCert";
  if (type == "RequestClientCert" || type == "RequireAnyClientCert") {
    return field + " " + type + " checks nothing and is not supported here; use " +
           "RequireAndVerifyClientCert";
  }
  if (type != "NoClientCert" && type != "VerifyClientCertIfGiven" && !to.client_must_have_cert) {
    return field + " is \"" + type + "\"; use NoClientCert, VerifyClientCertIfGiven or " +
           "RequireAndVerifyClientCert";
  }
  if (type == "NoClientCert" && !file.empty()) {
    return "tls_server_config.client_ca_file does nothing without client_auth_type; use " +
           std::string{"RequireAndVerifyClientCert"};
  }
  if (type != "NoClientCert" && file.empty()) {
    return field + " " + type + " needs client_ca_file, the CA that signs clients' certificates";
  }
  if (!file.empty()) to.client_ca_file = (folder / file).string();
  return "";
}

std::string read_tls(const YAML::Node& map, const std::filesystem::path& folder, WebConfig& to) {
  if (!map.IsMap()) return "tls_server_config must be a map with cert_file and key_file";
  auto text = unsupported_key(map);
  if (text.empty()) {
    text = unknown_key(map, "tls_server_config.",
                       {"cert_file", "key_file", "min_version", "max_version", "client_auth_type",
                        "client_ca_file"});
  }
  if (!text.empty()) return text;
  WebConfig::Tls tls;
  for (const auto& [name, field] :
       {std::pair{"cert_file", &tls.cert_file}, std::pair{"key_file", &tls.key_file}}) {
    const auto file = map[name] ? map[name].as<std::string>() : "";
    if (file.empty()) return std::string{"tls_server_config."} + name + " is missing";
    *field = (folder / file).string();
  }
  text = read_versions(map, tls);
  if (text.empty()) text = read_client_auth(map, folder, tls);
  to.tls = tls;
  return text;
}

/// Empty, or what a browser would not take this header for.
std::string header_complaint(const std::string& name, const std::string& value) {
  const auto is = [&](std::string_view one) { return value == one; };
  if (name == "X-Frame-Options" && !is("deny") && !is("sameorigin")) {
    return "use deny or sameorigin";
  }
  if (name == "X-Content-Type-Options" && !is("nosniff")) return "use nosniff";
  const bool one_line = std::none_of(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
  return one_line ? "" : "use one line of text";
}

std::string read_http(const YAML::Node& map, WebConfig& to) {
  if (!map.IsMap()) return "http_server_config must be a map with http2 and headers";
  auto text = unknown_key(map, "http_server_config.", {"http2", "headers"});
  if (!text.empty()) return text;
  if (map["http2"]) static_cast<void>(map["http2"].as<bool>());  // Without TLS or with: 1.1.
  const auto headers = map["headers"];
  if (!headers || headers.IsNull()) return "";
  if (!headers.IsMap()) return "http_server_config.headers must be a map of names to values";
  text = unknown_key(headers, "http_server_config.headers.",
                     {"Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options",
                      "X-XSS-Protection", "Strict-Transport-Security"});
  if (!text.empty()) return text;
  for (const auto& item : headers) {
    const auto name = item.first.as<std::string>();
    const auto value = item.second.IsNull() ? "" : item.second.as<std::string>();
    if (value.empty()) continue;  // As if it were not there.
    if (auto wrong = header_complaint(name, value); !wrong.empty()) {
      return "http_server_config.headers." + name + " cannot be sent; " + wrong;
    }
    to.headers.insert_or_assign(name, value);
  }
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
  if (root["rate_limit"]) {
    return Error{ErrorCode::invalid, "rate_limit is not supported here; a proxy can have one"};
  }
  auto text =
      unknown_key(root, "", {"tls_server_config", "http_server_config", "basic_auth_users"});
  if (text.empty() && root["tls_server_config"]) {
    text = read_tls(root["tls_server_config"], folder, config);
  }
  if (text.empty() && root["http_server_config"])
    text = read_http(root["http_server_config"], config);
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
