#include "chaosd/service/lever.hpp"

#include "chaosd/service/durable_file.hpp"
#include "common/base/read_file.hpp"
#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

std::string lever_file(const std::string& directory) { return directory + "/lever.json"; }

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
  DurableFile file{lever_file(directory_)};
  return file.replace(wire::dump({{"engaged", state.engaged},
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
