#include "chaosd/service/journal.hpp"

#include "chaosd/service/file_error.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace faultline::chaos {

namespace {

void keep_open_and_recent(std::vector<FaultRecord>& records, std::size_t ended_kept) {
  const auto ended = static_cast<std::size_t>(std::count_if(
      records.begin(), records.end(), [](const auto& r) { return !is_open(r.view.state); }));
  std::size_t to_drop = ended > ended_kept ? ended - ended_kept : 0;
  std::erase_if(records, [&](const FaultRecord& record) {
    if (is_open(record.view.state) || to_drop == 0) return false;
    to_drop -= 1;
    return true;
  });
}

Result<int> lock_directory(const std::string& directory) {
  const std::string path = directory + "/lock";
  int lock = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock < 0 && errno == EROFS) lock = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (lock < 0) return file_error("cannot open", path);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return Error{ErrorCode::conflict, "another faultline-chaosd uses " + directory};
  }
  return lock;
}

std::string journal_file(const std::string& directory) { return directory + "/journal.jsonl"; }

}  // namespace

Result<Journal::Opened> Journal::open(const std::string& directory, std::size_t ended_kept) {
  std::error_code problem;
  std::filesystem::create_directories(directory, problem);
  if (problem) {
    return Error{ErrorCode::unavailable, "cannot create " + directory + ": " + problem.message()};
  }
  const auto lock = lock_directory(directory);
  if (!lock) return lock.error();
  Journal journal{directory, *lock};

  const std::string path = journal_file(directory);
  const bool is_first = ::access(path.c_str(), F_OK) != 0;
  auto text = read_if_there(path);
  const bool unreadable = !text;
  if (unreadable) {
    if (std::rename(path.c_str(), (path + ".unreadable").c_str()) != 0) return text.error();
    text = std::string{};
  }
  JournalContents contents = read_journal(*text);
  contents.unreadable = unreadable;
  keep_open_and_recent(contents.records, ended_kept);
  auto rewritten = contents.corrupt_lines > 0 ? keep_a_copy(path) : Status{kDone};
  if (rewritten) rewritten = journal.compact(contents.records);
  if (!rewritten && is_first) return rewritten.error();
  if (!rewritten) {
    contents.unwritten = rewritten.error().message;
    if (!unreadable) journal.file_.keep_old();
  }
  return Opened{std::move(journal), std::move(contents)};
}

Journal::Journal(std::string directory, int lock) : file_(journal_file(directory)), lock_(lock) {}

Status Journal::compact(const std::vector<FaultRecord>& records) {
  std::string text;
  for (const auto& record : records) text += journal_line(record);
  return file_.replace(text);
}

Journal::Journal(Journal&& other) noexcept
    : file_(std::move(other.file_)), lock_(std::exchange(other.lock_, -1)) {}

Journal::~Journal() {
  if (lock_ >= 0) ::close(lock_);
}

Status Journal::append(const FaultRecord& record) { return file_.append(journal_line(record)); }

}  // namespace faultline::chaos
