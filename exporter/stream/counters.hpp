#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace faultline::stream {

/// Written by the server's thread, read by any.
struct Counters {
  std::atomic<std::uint64_t> clients{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> bytes{0};
};

/// One of the connections that may be open at once; travels with the connection
/// and gives its place back when it goes. The server's thread.
class ConnectionSlot {
 public:
  explicit ConnectionSlot(std::shared_ptr<std::size_t> open) : open_(std::move(open)) { ++*open_; }
  ~ConnectionSlot() {
    if (open_) --*open_;
  }
  ConnectionSlot(ConnectionSlot&& other) noexcept = default;
  ConnectionSlot& operator=(ConnectionSlot&&) = delete;
  ConnectionSlot(const ConnectionSlot&) = delete;
  ConnectionSlot& operator=(const ConnectionSlot&) = delete;

 private:
  std::shared_ptr<std::size_t> open_;
};

}  // namespace faultline::stream
