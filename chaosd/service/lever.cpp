#include "chaosd/service/lever.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "chaosd/service/file_error.hpp"
#include "common/base/read_file.hpp"
#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

std::string lever_file(const std::string& directory) { return directory + "/lever.json"; }

/// A new file beside the old one, then renamed over it, so that a crash leaves one or the other.
Status replace(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return file_error("cannot create", fresh);
  const bool whole = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                     ::fsync(file) == 0;
  const Error error = file_error("cannot write", fresh);
  ::close(file);
  if (!whole) return error;
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return file_error("cannot rename", fresh);
  return kDone;
}

}  // namespace

LeverState Lever::read(const std::string& directory, WallTime now) {
  const std::string path = lever_file(directory);
  const auto text = read_file(path);
  if (!text && text.error().code == ErrorCode::not_found) return {false, "", now};
  const LeverState unreadable{true, path + " cannot be read, so it counts as engaged", now};
  if (!text) return unreadable;
  const auto document = wire::parse_json(*text);
  if (!document) return unreadable;
  wire::ObjectReader reader{*document, ""};
  LeverState state{reader.boolean("engaged"), reader.text("reason"), reader.time("since_ms")};
  return reader.error() ? unreadable : state;
}

LeverState Lever::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

Status Lever::write(const LeverState& state) const {
  return replace(lever_file(directory_), wire::dump({{"engaged", state.engaged},
                                                     {"reason", state.reason},
                                                     {"since_ms", to_ms(state.since)}}) +
                                             "\n");
}

Status Lever::set(bool engaged, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  const LeverState wanted{engaged, reason, clock_.now().wall};
  auto written = write(wanted);
  // Engaging must never fail for want of a disk.
  if (written || engaged) state_ = wanted;
  return written;
}

}  // namespace faultline::chaos
