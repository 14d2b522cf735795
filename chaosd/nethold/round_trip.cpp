#include "chaosd/nethold/round_trip.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/socket.h>

#include "chaosd/nethold/witness.hpp"

namespace faultline::nethold {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{50};
// SSLRequest: its length, and the number that no version of the protocol has.
constexpr std::array<unsigned char, 8> kQuestion{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};

/// SIGTERM waits to be heard by who awaits it; a wait here ends for it.
bool is_asked_to_end() {
  sigset_t waiting;
  sigpending(&waiting);
  return sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1;
}

}  // namespace

RoundTrip::RoundTrip(const std::vector<std::string>& addresses,
                     const std::vector<std::int64_t>& ports, std::uint32_t mark) {
  for (const auto& address : addresses) {
    for (const auto port : ports) {
      Descriptor socket{begin_connection(address, static_cast<int>(port), mark)};
      if (socket) questions_.push_back({std::move(socket), {}});
    }
  }
}

bool RoundTrip::go_on(Question& one, short events) {
  if (!one.asked) {
    one.asked = Clock::now();
    return ::send(one.socket.get(), kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(kQuestion.size());
  }
  if (events == 0) return true;
  std::array<char, 8> answer{};
  const auto read = ::recv(one.socket.get(), answer.data(), answer.size(), 0);
  if (read > 0) took_ = Clock::now() - *one.asked;
  return read > 0 || (read < 0 && (errno == EAGAIN || errno == EINTR));
}

std::optional<RoundTrip::Clock::duration> RoundTrip::await(milliseconds patience) {
  const auto until = Clock::now() + patience;
  while (!took_ && !questions_.empty() && !is_asked_to_end()) {
    std::vector<pollfd> files;
    files.reserve(questions_.size());
    for (const auto& one : questions_) {
      files.push_back({one.socket.get(), static_cast<short>(one.asked ? POLLIN : POLLOUT), 0});
    }
    (void)::poll(files.data(), files.size(), static_cast<int>(kLookEvery.count()));
    for (std::size_t i = files.size(); i-- > 0 && !took_;) {
      if (files[i].revents == 0) continue;
      if (!go_on(questions_[i], files[i].revents)) {
        questions_.erase(questions_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    if (Clock::now() >= until) break;
  }
  return took_;
}

}  // namespace faultline::nethold
