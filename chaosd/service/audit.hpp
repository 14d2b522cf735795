#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// One call that would have changed something, whether it was let through or not.
/// Never a token, never a body.
struct AuditEntry {
  WallTime at;
  std::string role;    ///< "none" when nobody could be made out.
  std::string remote;  ///< Address of the caller, or of the proxy in front.
  std::string method;
  std::string path;  ///< With its query.
  int status = 0;
  std::string outcome;  ///< What was answered, in a sentence.
};

/// Append-only audit.jsonl; past `kBytesMax` it is kept once as audit.jsonl.1 and
/// begun anew, so that refused calls cannot fill the disk. Any thread.
class Audit {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Audit>> open(const std::string& directory,
                                                           Logger log);
  ~Audit();
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  void append(const AuditEntry& entry);
  /// The newest `limit`, newest first; of this run and, at first, of the file's end.
  [[nodiscard]] std::vector<AuditEntry> last(std::size_t limit) const;

  static constexpr std::size_t kEntriesKept = 1000;
  static constexpr std::int64_t kBytesMax = 16 << 20;

 private:
  Audit(std::string path, int file, std::int64_t size, Logger log)
      : path_(std::move(path)), log_(std::move(log)), file_(file), size_(size) {}
  void rotate();

  const std::string path_;
  const Logger log_;
  mutable std::mutex mutex_;  // Guards what follows.
  int file_;
  std::int64_t size_;
  bool failing_ = false;
  std::deque<AuditEntry> entries_;
};

}  // namespace faultline::chaos
