#include "chaosd/docker/docker_host.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "common/net/address_book.hpp"

namespace faultline::chaos {

namespace {

Error wrong(const std::string& flag, const std::string& text, const std::string& why) {
  return {ErrorCode::invalid, flag + " is \"" + text + "\"; " + why, flag};
}
Error wrong_host(const std::string& text, const std::string& why) {
  return wrong("--docker.host", text, why);
}
Error wrong_folder(const std::string& text, const std::string& why) {
  return wrong("--docker.tls-dir", text, why);
}

/// What may stand behind the @ of a target's name, and in an id in the journal.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

struct Named {
  std::string name;
  std::string rest;
};

/// "eu=tcp://…", or no name: an address or a folder has a colon or a slash before its first "=".
Named split_name(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || !is_name(text.substr(0, equals))) return {"", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host.starts_with("127.") || host == "::1";
}

/// Without a name of its own.
Result<std::string> name_by(const std::string& address, const net::Endpoint& to) {
  if (to.is_unix()) return std::string{"local"};
  if (is_name(to.host)) return to.host;
  return wrong_host(address, "give it a name, as eu=" + address);
}

Result<net::Endpoint> endpoint_of(const std::string& text, const std::string& address) {
  const bool tcp = address.starts_with(kTcp);
  const bool will_do = tcp || address.starts_with("unix:");
  auto endpoint = net::parse_endpoint(tcp ? address.substr(kTcp.size()) : address);
  if (will_do && endpoint) return endpoint;
  return wrong_host(text,
                    "use unix:///var/run/docker.sock or tcp://host:port, with NAME= before it "
                    "where there are several");
}

Result<std::vector<DockerHost>> read_addresses(const DockerHostFlags& flags) {
  std::vector<DockerHost> hosts;
  for (const auto& text : flags.hosts) {
    const auto [name, address] = split_name(text);
    const auto to = endpoint_of(text, address);
    if (!to) return to.error();
    DockerHost host{name, address};
    if (host.name.empty() && flags.hosts.size() > 1) {
      auto named = name_by(address, *to);
      if (!named) return named.error();
      host.name = std::move(*named);
    }
    for (const auto& other : hosts) {
      if (other.address == host.address) return wrong_host(text, "give each address once");
      if (other.name == host.name) {
        return wrong_host(text, "two hosts would be called " + host.name +
                                    "; give each a name of its own, as eu=" + host.address);
      }
    }
    hosts.push_back(std::move(host));
  }
  if (hosts.empty()) return wrong_host("", "name at least one");
  return hosts;
}

Result<std::shared_ptr<const net::TlsTrust>> read_folder(const std::string& text,
                                                         const std::string& folder) {
  const auto in_folder = [&](const char* file) { return folder + "/" + file; };
  const auto there = [&](const char* file) {
    std::error_code ignored;
    return std::filesystem::exists(in_folder(file), ignored);
  };
  net::TlsFiles files{in_folder("ca.pem")};
  if (there("cert.pem") != there("key.pem")) {
    return wrong_folder(text, "cert.pem and key.pem belong together there; give both or neither");
  }
  if (there("cert.pem")) {
    files.certificate = in_folder("cert.pem");
    files.key = in_folder("key.pem");
  }
  auto trust = net::TlsTrust::from_files(files);
  if (!trust) return wrong_folder(text, trust.error().message);
  return trust;
}

/// Each folder to its host, and the one without a name to all tcp hosts that have none yet.
Status read_folders(const DockerHostFlags& flags, std::vector<DockerHost>& hosts) {
  const auto takes = [](const DockerHost& host) {
    return host.address.starts_with(kTcp) && host.tls == nullptr;
  };
  for (const bool named : {true, false}) {
    for (const auto& text : flags.tls_folders) {
      const auto [name, folder] = split_name(text);
      if (name.empty() == named) continue;
      const auto trust = read_folder(text, folder);
      if (!trust) return trust.error();
      bool taken = false;
      for (auto& host : hosts) {
        if (!takes(host) || (named && host.name != name)) continue;
        host.tls = *trust;
        taken = true;
      }
      if (taken) continue;
      return wrong_folder(text, named ? "there is no tcp:// host of that name without a folder"
                                      : "there is no tcp:// host without a folder");
    }
  }
  return kDone;
}

}  // namespace

Result<std::vector<DockerHost>> read_docker_hosts(const DockerHostFlags& flags) {
  auto hosts = read_addresses(flags);
  if (!hosts) return hosts.error();
  if (auto read = read_folders(flags, *hosts); !read) return read.error();
  for (const auto& host : *hosts) {
    if (!host.address.starts_with(kTcp) || host.tls != nullptr || flags.plain_tcp) continue;
    const auto to = net::parse_endpoint(host.address.substr(kTcp.size()));
    if (to && is_loopback(to->host)) continue;
    return wrong_host(host.address,
                      "in clear anybody on the way could take that machine over; give "
                      "--docker.tls-dir, or --docker.plain-tcp where the network is trusted");
  }
  return hosts;
}

}  // namespace faultline::chaos
