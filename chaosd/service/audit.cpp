#include "chaosd/service/audit.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

constexpr int kOpenFlags = O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC;
constexpr mode_t kOwnerOnly = 0600;

std::string to_line(const AuditEntry& entry) {
  return wire::dump({{"at_ms", to_ms(entry.at)},
                     {"role", entry.role},
                     {"remote", entry.remote},
                     {"method", entry.method},
                     {"path", entry.path},
                     {"status", entry.status},
                     {"outcome", entry.outcome}}) +
         "\n";
}

std::optional<AuditEntry> from_line(const std::string& line) {
  const auto document = wire::parse_json(line);
  if (!document) return std::nullopt;
  wire::ObjectReader reader{*document, ""};
  AuditEntry entry{reader.time("at_ms"),  reader.text("role"),
                   reader.text("remote"), reader.text("method"),
                   reader.text("path"),   static_cast<int>(reader.integer("status")),
                   reader.text("outcome")};
  if (reader.error()) return std::nullopt;
  return entry;
}

}  // namespace

Result<std::unique_ptr<Audit>> Audit::open(const std::string& directory, Logger log) {
  const std::string path = directory + "/audit.jsonl";
  const int file = ::open(path.c_str(), kOpenFlags, kOwnerOnly);
  if (file < 0) {
    return Error{ErrorCode::unavailable, "cannot open " + path + ": " + std::strerror(errno)};
  }
  struct stat about {};
  const std::int64_t size = ::fstat(file, &about) == 0 ? about.st_size : 0;
  std::unique_ptr<Audit> audit{new Audit{path, file, size, std::move(log)}};
  std::ifstream before{path};
  for (std::string line; std::getline(before, line);) {
    if (auto entry = from_line(line)) audit->entries_.push_back(std::move(*entry));
    if (audit->entries_.size() > kEntriesKept) audit->entries_.pop_front();
  }
  return audit;
}

Audit::~Audit() {
  if (file_ >= 0) ::close(file_);
}

void Audit::rotate() {
  if (::rename(path_.c_str(), (path_ + ".1").c_str()) != 0) return;
  const int fresh = ::open(path_.c_str(), kOpenFlags, kOwnerOnly);
  if (fresh < 0) return;  // Goes on in the old file, under its new name.
  ::close(file_);
  file_ = fresh;
  size_ = 0;
}

void Audit::append(const AuditEntry& entry) {
  const std::string line = to_line(entry);
  const std::lock_guard lock(mutex_);
  entries_.push_back(entry);
  if (entries_.size() > kEntriesKept) entries_.pop_front();
  if (size_ + static_cast<std::int64_t>(line.size()) > kBytesMax) rotate();
  const auto written = ::write(file_, line.data(), line.size());
  if (written > 0) size_ += written;
  const bool failing = written != static_cast<ssize_t>(line.size());
  if (failing && !failing_)
    log_->error("the audit cannot be written error={}", std::strerror(errno));
  failing_ = failing;
}

std::vector<AuditEntry> Audit::last(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<AuditEntry> newest;
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && newest.size() < limit; ++entry) {
    newest.push_back(*entry);
  }
  return newest;
}

}  // namespace faultline::chaos
