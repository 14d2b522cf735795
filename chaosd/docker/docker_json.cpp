#include "chaosd/docker/docker_json.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <nlohmann/json.hpp>

#include "chaosd/docker/json_parts.hpp"
#include "common/net/address_book.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;
using wire::ObjectReader;

std::optional<int> number_in(std::string_view text, std::size_t at, std::size_t length) {
  if (at + length > text.size()) return std::nullopt;
  int value = 0;
  const char* begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + length, value);
  if (error != std::errc{} || end != begin + length) return std::nullopt;
  return value;
}

/// RFC 3339 as Go writes it: "2026-11-23T10:54:27.123456789Z" or "+02:00" at the
/// end. Docker's "0001-01-01T00:00:00Z" means never.
std::optional<WallTime> read_time(std::string_view text) {
  const auto year = number_in(text, 0, 4), month = number_in(text, 5, 2),
             day = number_in(text, 8, 2);
  const auto hour = number_in(text, 11, 2), minute = number_in(text, 14, 2);
  const auto second = number_in(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || *year < 1970) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  milliseconds fraction{0};
  std::size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    int unit = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) {
      fraction += milliseconds{unit * (text[at] - '0')};
    }
  }
  std::chrono::minutes offset{0};
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const auto hours = number_in(text, at + 1, 2), minutes = number_in(text, at + 4, 2);
    if (!hours || !minutes) return std::nullopt;
    offset = std::chrono::minutes{*hours * 60 + *minutes} * (text[at] == '-' ? -1 : 1);
  }
  return WallTime{std::chrono::sys_days{date} + std::chrono::hours{*hour} +
                  std::chrono::minutes{*minute} + std::chrono::seconds{*second} + fraction -
                  offset};
}

ContainerState state_named(std::string_view status) {
  // The two words of Docker's that are not ours: both mean that it will not run again.
  if (status == "dead" || status == "removing") return ContainerState::removed;
  return parse_enum<ContainerState>(status).value_or(ContainerState::unknown);
}

std::optional<WallTime> since(ContainerState state, const json& times, const std::string& created) {
  switch (state) {
    case ContainerState::running: return read_time(text_of(member(times, "StartedAt")));
    case ContainerState::exited:
    case ContainerState::restarting:
    case ContainerState::removed: return read_time(text_of(member(times, "FinishedAt")));
    case ContainerState::created: return read_time(created);
    case ContainerState::paused:  // The Engine does not say since when.
    case ContainerState::unknown: return std::nullopt;
  }
  return std::nullopt;
}

void add_new(std::vector<std::string>& addresses, const std::string& address) {
  if (address.empty()) return;
  if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
    addresses.push_back(address);
  }
}

/// "host:port" that can name one machine: a wildcard or bare port names none.
bool names_a_host(const std::string& address) {
  const auto endpoint = net::parse_endpoint(address);
  return endpoint && endpoint->host != "0.0.0.0" && endpoint->host != "::";
}

/// What the command line says the node calls itself. A command given to a shell is
/// one argument with everything in it, hence the split at blanks.
void add_from_command(std::vector<std::string>& addresses, const json& arguments) {
  std::vector<std::string> words;
  for (const auto& argument : arguments) {
    const std::string text = text_of(argument);
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find_first_of(" \t\n", at), text.size());
      if (end > at) words.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  for (const std::string_view flag : {"--advertise-addr", "--listen-addr"}) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::string value;
      if (words[i] == flag && i + 1 < words.size()) value = words[i + 1];
      if (words[i].starts_with(std::string{flag} + "=")) value = words[i].substr(flag.size() + 1);
      if (names_a_host(value)) add_new(addresses, value);
    }
  }
}

std::vector<std::string> read_addresses(const std::string& name, const json& document) {
  std::vector<std::string> addresses;
  add_from_command(addresses, member(document, "Args"));
  add_new(addresses, name);
  add_new(addresses, text_of(member(member(document, "Config"), "Hostname")));
  for (const auto& network : member(member(document, "NetworkSettings"), "Networks")) {
    for (const char* names : {"Aliases", "DNSNames"}) {
      for (const auto& alias : member(network, names)) add_new(addresses, text_of(alias));
    }
    add_new(addresses, text_of(member(network, "IPAddress")));
    add_new(addresses, text_of(member(network, "GlobalIPv6Address")));
    // The only address left of a stopped container that was given a fixed one.
    add_new(addresses, text_of(member(member(network, "IPAMConfig"), "IPv4Address")));
  }
  return addresses;
}

/// Empty for a network namespace of its own, with whatever networks in it.
std::string foreign_network(const std::string& mode) {
  // "ns:<path>" is Podman's.
  const bool foreign = mode == "host" || mode.starts_with("container:") || mode.starts_with("ns:");
  return foreign ? mode : std::string{};
}

Result<json> parse_object(std::string_view body) {
  auto document = wire::parse_json(body);
  if (document && !document->is_object()) {
    return Error{ErrorCode::malformed, "the Engine's answer is not a JSON object"};
  }
  return document;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (std::isalnum(byte) != 0 || character == '-' || character == '_' || character == '.') {
      encoded += character;
    } else {
      encoded += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return encoded;
}

bool is_target(const Container& container, std::string_view label) {
  if (container.labels.contains(std::string{kRoleLabel})) return false;
  const auto found = container.labels.find(std::string{label});
  return found != container.labels.end() && found->second == "true";
}

Result<EngineVersion> read_version(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) return document.error();
  ObjectReader reader{*document, ""};
  EngineVersion version;
  version.name = "Docker Engine " + reader.text("Version");
  version.api = reader.text("ApiVersion");
  version.os = reader.text_or("Os", "");
  if (reader.error()) return *reader.error();
  // Podman says so in the first of its components only.
  const json& parts = member(*document, "Components");
  if (parts.is_array() && !parts.empty() &&
      text_of(member(parts.front(), "Name")).starts_with("Podman")) {
    version.name = "Podman " + reader.text("Version");
  }
  return version;
}

Status check_engine(const std::string& api, const std::string& os) {
  constexpr int kMinorLeast = 24;
  const char* const end = api.data() + api.size();
  int major = 0;
  int minor = 0;
  const auto [dot, bad_major] = std::from_chars(api.data(), end, major);
  const bool has_minor = bad_major == std::errc{} && dot != end && *dot == '.';
  const auto [rest, bad_minor] = std::from_chars(has_minor ? dot + 1 : end, end, minor);
  if (!has_minor || bad_minor != std::errc{} || rest != end) {
    return Error{ErrorCode::upstream, "it calls its API version \"" + api +
                                          "\", which no Docker Engine does; is it one?"};
  }
  if (major < 1 || (major == 1 && minor < kMinorLeast)) {
    return Error{ErrorCode::unsupported, "it speaks API " + api +
                                             ", and 1.24 is the oldest that will do; use Docker "
                                             "Engine 1.12 or newer"};
  }
  if (!os.empty() && os != "linux") {
    return Error{ErrorCode::unsupported,
                 "it serves " + os + " containers; use an Engine that serves Linux containers"};
  }
  return kDone;
}

Result<std::vector<std::string>> read_ids(std::string_view body) {
  const auto document = wire::parse_json(body);
  if (!document) return document.error();
  if (!document->is_array()) {
    return Error{ErrorCode::malformed, "the Engine's list is not a JSON array"};
  }
  std::vector<std::string> ids;
  for (const auto& item : *document) {
    std::string id = text_of(member(item, "Id"));
    if (id.empty()) return Error{ErrorCode::invalid, "a listed container has no Id", "/Id"};
    ids.push_back(std::move(id));
  }
  return ids;
}

Result<Container> read_container(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) return document.error();
  ObjectReader reader{*document, ""};
  Container container;
  TargetInfo& target = container.target;
  target.id = reader.text("Id");
  target.name = reader.text("Name");
  const std::string created = reader.text_or("Created", "");
  if (reader.error()) return *reader.error();
  if (target.name.starts_with('/')) target.name.erase(0, 1);

  const json& state = member(*document, "State");
  if (!state.is_object()) return Error{ErrorCode::invalid, "State is missing", "/State"};
  ObjectReader state_reader{state, "/State"};
  target.state = state_named(state_reader.text("Status"));
  // To the nanosecond, and kept when the run is over, as the pid is not.
  target.instance = state_reader.text("StartedAt");
  if (state_reader.error()) return *state_reader.error();
  target.state_since = since(target.state, state, created);
  target.addresses = read_addresses(target.name, *document);
  if (const json& code = member(state, "ExitCode");
      target.state == ContainerState::exited && code.is_number_integer()) {
    target.exit_code = code.get<std::int64_t>();
    const json& killed = member(state, "OOMKilled");
    target.out_of_memory = killed.is_boolean() && killed.get<bool>();
  }

  const json& host = member(*document, "HostConfig");
  target.network_of = foreign_network(text_of(member(host, "NetworkMode")));
  const json& removes = member(host, "AutoRemove");
  target.removed_when_down = removes.is_boolean() && removes.get<bool>();

  const json& labels = member(member(*document, "Config"), "Labels");
  for (const auto& [name, value] : labels.items()) container.labels[name] = text_of(value);
  target.labels = container.labels;
  return container;
}

std::string read_message(std::string_view body) {
  if (const auto document = wire::parse_json(body)) {
    if (std::string message = text_of(member(*document, "message")); !message.empty()) {
      return message;
    }
  }
  return std::string{body.substr(0, std::min<std::size_t>(body.find('\n'), 200))};
}

std::string list_filter(std::string_view label) {
  return percent_encoded(json{{"label", {std::string{label} + "=true"}}}.dump());
}

std::string event_filter(std::string_view label) {
  return percent_encoded(json{
      {"type", {"container"}},
      {"label", {std::string{label} + "=true"}},
      {"event",
       {"create", "start", "die", "stop", "pause", "unpause", "restart", "oom", "rename",
        "destroy"}}}.dump());
}

}  // namespace faultline::chaos
