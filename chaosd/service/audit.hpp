#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "chaosd/service/audit_chain.hpp"
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
  std::string outcome;          ///< What was answered, in a sentence.
  std::string request_id = {};  ///< As in the log and in the answer.
  std::int64_t seq = 0;         ///< Given by the audit; 1 is the first ever.
};

/// Append-only audit.jsonl, each line with the hash of the one before (AuditChain). Past
/// `kBytesMax` it becomes audit.jsonl.1, that one .2, and so on, so that refused calls
/// cannot fill the disk; the chain goes on across the files. Any thread.
class Audit {
 public:
  /// Looks whether the chain is whole; a broken one is logged and goes on from its end. Where
  /// it cannot be written now, that is logged, and each append tries anew.
  [[nodiscard]] static Result<std::unique_ptr<Audit>> open(const std::string& directory,
                                                           Logger log);
  /// For --check-audit: reads only. `not_found` when there is no audit.
  [[nodiscard]] static Result<AuditChain> check(const std::string& directory);
  ~Audit();
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  void append(AuditEntry entry);
  /// The newest `limit` older than `before`, newest first; of this run and, at first, of
  /// the file's end.
  [[nodiscard]] std::vector<AuditEntry> last(std::size_t limit,
                                             std::optional<std::int64_t> before = {}) const;
  [[nodiscard]] std::int64_t newest_seq() const;
  /// The chain was whole at the start, and what came since could be written.
  [[nodiscard]] bool is_whole() const;

  static constexpr std::size_t kEntriesKept = 1000;
  static constexpr std::int64_t kBytesMax = 8 << 20;
  static constexpr int kFilesKept = 4;  ///< Old ones, beside the one that is written.

 private:
  Audit(std::string path, int file, std::int64_t size, AuditChain chain, Logger log)
      : path_(std::move(path)),
        log_(std::move(log)),
        file_(file),
        size_(size),
        chain_(std::move(chain)) {}
  void rotate();

  const std::string path_;
  const Logger log_;
  mutable std::mutex mutex_;  // Guards what follows.
  int file_;
  std::int64_t size_;
  AuditChain chain_;
  bool failing_ = false;
  bool in_mid_line_ = false;  // A line that a crash cut short must not run into the next one.
  std::deque<AuditEntry> entries_;
};

}  // namespace faultline::chaos
