#include "common/net/address_book.hpp"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

namespace faultline::net {

namespace {

constexpr auto kRefresh = std::chrono::seconds{10};

bool is_numeric(const std::string& host) {
  in6_addr buffer{};
  return ::inet_pton(AF_INET, host.c_str(), &buffer) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &buffer) == 1;
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

/// Numeric addresses, IPv4 first; on failure `error` says why.
std::vector<std::string> look_up(const std::string& host, std::string& error) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list); code != 0) {
    error = ::gai_strerror(code);
    return {};
  }
  std::vector<std::string> v4;
  std::vector<std::string> v6;
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(item->ai_addr, item->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) != 0) {
      continue;
    }
    (item->ai_family == AF_INET ? v4 : v6).emplace_back(text);
  }
  ::freeaddrinfo(list);
  v4.insert(v4.end(), v6.begin(), v6.end());
  if (v4.empty()) error = "the name has no address";
  return v4;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    text.remove_prefix(kUnix.size());
    while (text.starts_with("//")) text.remove_prefix(1);
    if (!text.starts_with('/')) {
      return Error{ErrorCode::invalid, "a unix socket needs an absolute path, as unix:/run/x.sock"};
    }
    return Endpoint{{}, {}, std::string{text}};
  }
  const auto colon = text.rfind(':');
  const auto bad = [&] {
    return Error{ErrorCode::invalid, "\"" + std::string{text} +
                                         "\" is not an address; use host:port, as 127.0.0.1:26257"};
  };
  if (colon == std::string_view::npos || colon == 0) return bad();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad();  // An IPv6 address without brackets: the port would be a guess.
  }
  if (host.empty() || !is_port(port) || host.find_first_of(" /@?") != std::string_view::npos) {
    return bad();
  }
  return Endpoint{std::string{host}, std::string{port}, {}};
}

AddressBook::AddressBook() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

AddressBook::~AddressBook() = default;

Result<std::vector<std::string>> AddressBook::resolve(const std::string& host, Deadline deadline) {
  if (is_numeric(host)) return std::vector<std::string>{host};
  std::unique_lock lock(mutex_);
  entries_.try_emplace(host);
  changed_.notify_all();
  changed_.wait_until(lock, deadline, [&] { return entries_[host].asked; });
  const Entry& entry = entries_[host];
  if (!entry.addresses.empty()) return entry.addresses;
  if (!entry.asked) return Error{ErrorCode::timeout, "looking up " + host + " takes too long"};
  return Error{ErrorCode::unavailable, "cannot look up " + host + ": " + entry.error};
}

void AddressBook::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto now = std::chrono::steady_clock::now();
    const auto due =
        std::min_element(entries_.begin(), entries_.end(), [](const auto& one, const auto& other) {
          return one.second.next_lookup < other.second.next_lookup;
        });
    const auto next = due == entries_.end() ? now + kRefresh : due->second.next_lookup;
    if (next > now) {
      changed_.wait_until(lock, stop, next, [&] {
        return std::any_of(entries_.begin(), entries_.end(),
                           [](const auto& item) { return !item.second.asked; });
      });
      continue;
    }
    const std::string host = due->first;
    lock.unlock();  // The lookup may take long; the book stays readable meanwhile.
    std::string error;
    auto addresses = look_up(host, error);
    lock.lock();
    Entry& entry = entries_[host];
    if (!addresses.empty()) entry.addresses = std::move(addresses);
    entry.error = error;
    entry.asked = true;
    entry.next_lookup = std::chrono::steady_clock::now() + kRefresh;
    changed_.notify_all();
  }
}

}  // namespace faultline::net
