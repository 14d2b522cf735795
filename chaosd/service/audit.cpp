#include "chaosd/service/audit.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaosd/service/digest.hpp"
#include "common/base/read_file.hpp"
#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

constexpr int kOpenFlags = O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC;
constexpr mode_t kOwnerOnly = 0600;

/// Without the newline.
std::string to_line(const AuditEntry& entry, const std::string& prev) {
  return wire::dump({{"seq", entry.seq},
                     {"prev", prev},
                     {"at_ms", to_ms(entry.at)},
                     {"role", entry.role},
                     {"remote", entry.remote},
                     {"method", entry.method},
                     {"path", entry.path},
                     {"status", entry.status},
                     {"outcome", entry.outcome},
                     {"request_id", entry.request_id}});
}

std::optional<AuditEntry> from_line(const std::string& line) {
  const auto document = wire::parse_json(line);
  if (!document || !document->is_object()) return std::nullopt;
  wire::ObjectReader reader{*document, ""};
  AuditEntry entry{reader.time("at_ms"),   reader.text("role"),
                   reader.text("remote"),  reader.text("method"),
                   reader.text("path"),    static_cast<int>(reader.integer("status")),
                   reader.text("outcome"), reader.text_or("request_id", ""),
                   reader.integer("seq")};
  if (reader.error()) return std::nullopt;
  return entry;
}

std::string audit_file(const std::string& directory) { return directory + "/audit.jsonl"; }

std::string old_path(const std::string& path, int age) { return path + "." + std::to_string(age); }

/// Every file there is, oldest first. A file that is there and cannot be read is an error.
Result<AuditChain> follow_files(const std::string& path) {
  AuditChain chain;
  for (int age = Audit::kFilesKept; age >= 0; --age) {
    const std::string file = age == 0 ? path : old_path(path, age);
    const auto text = read_file(file);
    if (text) {
      follow(chain, *text, file);
    } else if (text.error().code != ErrorCode::not_found) {
      return Error{ErrorCode::unavailable, "cannot read " + file + ": " + text.error().message};
    }
  }
  return chain;
}

bool ends_in_mid_line(const std::string& path, std::int64_t size) {
  if (size == 0) return false;
  std::ifstream file{path, std::ios::binary};
  file.seekg(-1, std::ios::end);
  return file.get() != '\n';
}

}  // namespace

Result<AuditChain> Audit::check(const std::string& directory) {
  const std::string path = audit_file(directory);
  if (::access(path.c_str(), F_OK) != 0) {
    return Error{ErrorCode::not_found, "there is no audit at " + path};
  }
  return follow_files(path);
}

Result<std::unique_ptr<Audit>> Audit::open(const std::string& directory, Logger log) {
  const std::string path = audit_file(directory);
  const int file = ::open(path.c_str(), kOpenFlags, kOwnerOnly);
  // Where it only cannot be written now, a chaosd that does not start would heal nothing.
  if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    return Error{ErrorCode::unavailable, "cannot open " + path + ": " + std::strerror(errno)};
  }
  if (file < 0) log->error("the audit cannot be written error={}", std::strerror(errno));
  auto chain = follow_files(path);
  if (!chain) {
    if (file >= 0) ::close(file);
    return chain.error();
  }
  if (!chain->broken.empty()) log->error("the audit is not whole found={}", chain->broken);
  struct stat about {};
  const std::int64_t size = ::stat(path.c_str(), &about) == 0 ? about.st_size : 0;
  std::unique_ptr<Audit> audit{
      new Audit{path, file, size, std::move(chain).value(), std::move(log)}};
  audit->failing_ = file < 0;
  audit->in_mid_line_ = ends_in_mid_line(path, size);
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
  for (int age = kFilesKept - 1; age >= 1; --age) {
    (void)::rename(old_path(path_, age).c_str(), old_path(path_, age + 1).c_str());
  }
  if (::rename(path_.c_str(), old_path(path_, 1).c_str()) != 0) return;
  const int fresh = ::open(path_.c_str(), kOpenFlags, kOwnerOnly);
  if (fresh < 0) return;  // Goes on in the old file, under its new name.
  ::close(file_);
  file_ = fresh;
  size_ = 0;
  in_mid_line_ = false;
}

void Audit::append(AuditEntry entry) {
  const std::lock_guard lock(mutex_);
  entry.seq = chain_.last_seq + 1;
  const std::string body = to_line(entry, chain_.head);
  entries_.push_back(std::move(entry));
  if (entries_.size() > kEntriesKept) entries_.pop_front();
  if (file_ < 0) file_ = ::open(path_.c_str(), kOpenFlags, kOwnerOnly);
  if (size_ + static_cast<std::int64_t>(body.size()) >= kBytesMax) rotate();
  const std::string line = (in_mid_line_ ? "\n" : "") + body + "\n";
  const auto written = ::write(file_, line.data(), line.size());
  if (written > 0) size_ += written;
  const bool failing = written != static_cast<ssize_t>(line.size());
  if (failing && !failing_)
    log_->error("the audit cannot be written error={}", std::strerror(errno));
  failing_ = failing;
  if (failing) {
    // The part of a line that got there would break the chain for whoever reads it.
    if (written > 0 && ::ftruncate(file_, size_ - written) == 0) size_ -= written;
    return;
  }
  in_mid_line_ = false;
  chain_.last_seq += 1;
  chain_.entries += 1;
  chain_.head = sha256_hex(body);
}

std::vector<AuditEntry> Audit::last(std::size_t limit, std::optional<std::int64_t> before) const {
  const std::lock_guard lock(mutex_);
  std::vector<AuditEntry> newest;
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && newest.size() < limit; ++entry) {
    if (!before || entry->seq < *before) newest.push_back(*entry);
  }
  return newest;
}

std::int64_t Audit::newest_seq() const {
  const std::lock_guard lock(mutex_);
  return chain_.last_seq;
}

bool Audit::is_whole() const {
  const std::lock_guard lock(mutex_);
  return chain_.broken.empty() && !failing_;
}

}  // namespace faultline::chaos
