#include "common/base/read_file.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace faultline {

namespace {

Error failure(int reason, const std::string& path) {
  return {reason == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable,
          "cannot read " + path + ": " + std::generic_category().message(reason)};
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failure(errno, path);
  std::string text;
  std::array<char, 4096> chunk{};
  ssize_t got = 0;
  int reason = 0;
  do {
    got = ::read(file, chunk.data(), chunk.size());
    if (got > 0) text.append(chunk.data(), static_cast<std::size_t>(got));
    reason = errno;
  } while (got > 0 || (got < 0 && reason == EINTR));
  ::close(file);
  if (got < 0) return failure(reason, path);
  return text;
}

}  // namespace faultline
