#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace faultline::net {

/// Where something listens: "host:port", "[v6]:port", or "unix:/path".
struct Endpoint {
  std::string host;  ///< Empty for a unix socket.
  std::string port;
  std::string path;  ///< Of a unix socket, else empty.
  [[nodiscard]] bool is_unix() const { return !path.empty(); }
};

/// Fails with `invalid` and a sentence that says what would do.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

/// Numeric addresses of names, looked up on a thread of its own. getaddrinfo has
/// no deadline, and the name of a stopped container is asked of a server that may
/// be slow to say no: a lookup must not hold up those who only want to dial.
/// Keeps the last good answer of a name for as long as it lives. Any thread.
class AddressBook {
 public:
  AddressBook();
  ~AddressBook();
  AddressBook(const AddressBook&) = delete;
  AddressBook& operator=(const AddressBook&) = delete;

  /// The numeric addresses of `host`: at once if it is numeric or known, else
  /// waits for the first lookup until `deadline`.
  [[nodiscard]] Result<std::vector<std::string>> resolve(const std::string& host,
                                                         Deadline deadline);

 private:
  struct Entry {
    std::vector<std::string> addresses;
    std::string error;
    bool asked = false;  ///< A lookup has ended, well or not.
    SteadyTime next_lookup{};
  };

  void run(const std::stop_token& stop);

  std::mutex mutex_;  // Guards entries_.
  std::condition_variable_any changed_;
  std::map<std::string, Entry> entries_;
  std::jthread thread_;  // Last: stops and joins before the rest goes.
};

}  // namespace faultline::net
