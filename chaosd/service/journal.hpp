#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/service/durable_file.hpp"
#include "chaosd/service/fault_record.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// What an opened journal held: the last word on each fault, in order of creation.
struct JournalContents {
  std::vector<FaultRecord> records;
  std::int64_t corrupt_lines = 0;  ///< Unreadable lines before the last one.
  bool torn_tail = false;          ///< The last line was cut short by a crash.
  bool unreadable = false;         ///< The whole file was; it is set aside.
  std::string unwritten;           ///< Why it was read, but cannot be rewritten now; mostly empty.
};

/// Pure: reads the text of a journal. A line that cannot be trusted is skipped and counted.
[[nodiscard]] JournalContents read_journal(std::string_view text);
/// One line with its checksum and newline.
[[nodiscard]] std::string journal_line(const FaultRecord& record);

/// The write-ahead journal: JSON lines, each with a checksum, on disk before
/// `append` returns. Holds a lock on its directory, so that two chaosds cannot
/// undo each other's faults. Guarded by its owner, the Ledger.
class Journal {
 public:
  struct Opened;
  /// Reads what is there, keeps every open fault and the last `ended_kept` ended
  /// ones, and rewrites the file with only these. An unreadable line makes it keep
  /// a copy of the old file; one that cannot be read at all is set aside as
  /// journal.jsonl.unreadable, for a chaosd that does not start heals nothing. For the same
  /// reason one that is read but cannot be rewritten, on a full or read-only disk, is gone
  /// on with as it is. An error: there is none yet and none can be made, or another has it.
  [[nodiscard]] static Result<Opened> open(const std::string& directory, std::size_t ended_kept);

  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;
  ~Journal();

  Status append(const FaultRecord& record);
  /// Whether so much was appended that rewriting it with the last words is due.
  [[nodiscard]] bool wants_compaction() const { return file_.wants_compaction(); }
  /// Rewrites the file with these records alone; a crash leaves one or the other.
  Status compact(const std::vector<FaultRecord>& records);

  static constexpr std::int64_t kCompactAbove = DurableFile::kCompactAbove;

 private:
  Journal(std::string directory, int lock);

  DurableFile file_;
  int lock_ = -1;
};

struct Journal::Opened {
  Journal journal;
  JournalContents contents;
};

}  // namespace faultline::chaos
