#include "chaosd/nethold/io_cgroup.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace faultline::nethold {

using chaos::IoLimit;
using chaos::IoLimits;

namespace {

constexpr std::string_view kMax = "io.max";
// In the order of IoLimit.
constexpr std::array<std::string_view, 4> kKeys{"rbps", "wbps", "riops", "wiops"};
constexpr std::array<std::string_view, 4> kFiles{
    "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device",
    "blkio.throttle.read_iops_device", "blkio.throttle.write_iops_device"};

template <std::size_t N>
std::string_view name_in(const std::array<std::string_view, N>& names, IoLimit which) {
  return names[static_cast<std::size_t>(which)];
}

/// A cgroup that was removed keeps its folder where it is mounted, with nothing in it.
Error cgroup_error(const std::string& what, int error) {
  const bool gone = error == ENOENT || error == ENODEV;
  return {gone ? ErrorCode::not_found : ErrorCode::upstream, what + ": " + std::strerror(error)};
}

Result<std::string> slurp(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return cgroup_error(path + " cannot be read", errno);
  std::string text;
  std::array<char, 4096> piece{};
  ssize_t got = 0;
  while ((got = ::read(file, piece.data(), piece.size())) > 0) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  const int error = errno;
  ::close(file);
  if (got < 0) return cgroup_error(path + " cannot be read", error);
  return text;
}

/// What stands behind "8:0 ", up to the end of that line; empty when there is no such line.
std::string_view line_of(std::string_view text, const std::string& device) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    if (line.starts_with(device + " ")) return line.substr(device.size() + 1);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

/// 0 for "max", and for what is not there.
std::int64_t number_at(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::int64_t value_of(std::string_view line, std::string_view key) {
  const std::string words = " " + std::string{line};
  const std::string wanted = " " + std::string{key} + "=";
  const auto at = words.find(wanted);
  return at == std::string::npos ? 0
                                 : number_at(std::string_view{words}.substr(at + wanted.size()));
}

}  // namespace

Result<IoCgroup> IoCgroup::open(std::string folder) {
  if (::access((folder + "/" + std::string{kMax}).c_str(), F_OK) == 0) {
    return IoCgroup{std::move(folder), true};
  }
  if (::access((folder + "/" + std::string{kFiles.front()}).c_str(), F_OK) == 0) {
    return IoCgroup{std::move(folder), false};
  }
  if (::access((folder + "/cgroup.procs").c_str(), F_OK) != 0) {
    return Error{ErrorCode::not_found, "its cgroup is gone"};
  }
  return Error{ErrorCode::unsupported,
               "its cgroup has no limits of I/O: the io controller is not enabled for containers, "
               "or this kernel has none (CONFIG_BLK_DEV_THROTTLING)"};
}

Result<IoLimits> IoCgroup::read(const std::string& device) const {
  IoLimits limits;
  if (is_v2_) {
    const auto text = slurp(folder_ + "/" + std::string{kMax});
    if (!text) return text.error();
    const auto line = line_of(*text, device);
    for (const auto which : chaos::kIoLimits) {
      limits[which] = value_of(line, name_in(kKeys, which));
    }
    return limits;
  }
  for (const auto which : chaos::kIoLimits) {
    const auto text = slurp(folder_ + "/" + std::string{name_in(kFiles, which)});
    if (!text) return text.error();
    limits[which] = number_at(line_of(*text, device));
  }
  return limits;
}

Status IoCgroup::write(const std::string& device, IoLimit which, std::int64_t per_second) const {
  const std::string value = std::to_string(per_second);
  if (!is_v2_) return put(std::string{name_in(kFiles, which)}, device + " " + value);
  return put(std::string{kMax}, device + " " + std::string{name_in(kKeys, which)} + "=" +
                                    (per_second == 0 ? "max" : value));
}

Status IoCgroup::enter() const { return put("cgroup.procs", "0"); }

Status IoCgroup::put(const std::string& file, const std::string& text) const {
  const int opened = ::open((folder_ + "/" + file).c_str(), O_WRONLY | O_CLOEXEC);
  if (opened < 0) return cgroup_error(file + " of its cgroup cannot be written", errno);
  const ssize_t written = ::write(opened, text.data(), text.size());
  const int error = errno;
  ::close(opened);
  if (written == static_cast<ssize_t>(text.size())) return kDone;
  return cgroup_error("\"" + text + "\" cannot be written to " + file + " of its cgroup", error);
}

Status change(const IoCgroup& cgroup, const std::string& device, const IoLimits& from,
              const IoLimits& to) {
  const auto now = cgroup.read(device);
  if (!now) return now.error().code == ErrorCode::not_found ? Status{kDone} : now.error();
  for (const auto which : chaos::kIoLimits) {
    if (from[which] == to[which] || (*now)[which] != from[which]) continue;
    const auto written = cgroup.write(device, which, to[which]);
    if (!written && written.error().code != ErrorCode::not_found) return written;
  }
  return kDone;
}

}  // namespace faultline::nethold
