#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace faultline::chaos {

/// A file under --state-dir that grows by whole lines, each on disk before `append` returns.
/// `unavailable` where the disk refuses. Guarded by its owner.
class DurableFile {
 public:
  explicit DurableFile(std::string path) : path_(std::move(path)) {}
  DurableFile(DurableFile&& other) noexcept;
  DurableFile& operator=(DurableFile&&) = delete;
  ~DurableFile();

  [[nodiscard]] const std::string& path() const { return path_; }
  /// A failed one leaves the file as it was: a half line would make the next one unreadable too.
  Status append(std::string_view lines);
  /// A new file beside the old one, then renamed over it: a crash leaves one or the other.
  Status replace(std::string_view text);
  /// Goes on behind the last whole line of the file that is there, for one that cannot be
  /// rewritten now. Where even that cannot be opened each append tries anew.
  void keep_old();
  /// Whether so much was appended that rewriting it with the last words is due.
  [[nodiscard]] bool wants_compaction() const { return size_ > compact_above_; }

  static constexpr std::int64_t kCompactAbove = 1 << 20;  ///< Bytes.

 private:
  Status open_old();

  std::string path_;
  int file_ = -1;           ///< Until the first replace or append.
  bool keeps_old_ = false;  ///< Nothing may take the place of what is there, but as a whole.
  std::int64_t size_ = 0;   ///< End of the last whole line.
  std::int64_t compact_above_ = kCompactAbove;
};

/// Copies a file with lines that cannot be read to NAME.corrupt, before it is rewritten without.
[[nodiscard]] Status keep_a_copy(const std::string& path);

/// The text of a file; empty when there is none yet.
[[nodiscard]] Result<std::string> read_if_there(const std::string& path);

}  // namespace faultline::chaos
