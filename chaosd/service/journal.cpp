#include "chaosd/service/journal.hpp"

#include "chaosd/service/file_error.hpp"
#include "common/base/read_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace faultline::chaos {

namespace {

Status write_all(int file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return file_error("cannot write", path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file) != 0) return file_error("cannot flush", path);
  return kDone;
}

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

/// A new file beside the old one, then renamed over it, so that a crash leaves one or the other.
Result<int> replace_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return file_error("cannot create", fresh);
  if (auto written = write_all(file, text, fresh); !written) {
    ::close(file);
    return written.error();
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    const Error error = file_error("cannot rename", fresh);
    ::close(file);
    return error;
  }
  return file;
}

/// Makes a rename in it last.
Status flush_folder(const std::string& directory) {
  const int folder = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool flushed = folder >= 0 && ::fsync(folder) == 0;
  const Error error = file_error("cannot flush", directory);
  if (folder >= 0) ::close(folder);
  if (flushed) return kDone;
  return error;
}

Result<int> lock_directory(const std::string& directory) {
  const std::string path = directory + "/lock";
  const int lock = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock < 0) return file_error("cannot open", path);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return Error{ErrorCode::conflict, "another faultline-chaosd uses " + directory};
  }
  return lock;
}

std::string journal_file(const std::string& directory) { return directory + "/journal.jsonl"; }

/// Empty when there is no journal yet.
Result<std::string> read_lines(const std::string& path) {
  auto text = read_file(path);
  if (!text && text.error().code == ErrorCode::not_found) return std::string{};
  return text;
}

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
  auto text = read_lines(path);
  const bool unreadable = !text;
  if (unreadable) {
    if (std::rename(path.c_str(), (path + ".unreadable").c_str()) != 0) return text.error();
    text = std::string{};
  }
  JournalContents contents = read_journal(*text);
  contents.unreadable = unreadable;
  if (contents.corrupt_lines > 0) {
    std::filesystem::copy_file(path, path + ".corrupt",
                               std::filesystem::copy_options::overwrite_existing, problem);
    if (problem) {
      return Error{ErrorCode::unavailable, "cannot keep a copy of " + path +
                                               ", which has lines "
                                               "that cannot be read: " +
                                               problem.message()};
    }
  }
  keep_open_and_recent(contents.records, ended_kept);
  if (auto compacted = journal.compact(contents.records); !compacted) return compacted.error();
  return Opened{std::move(journal), std::move(contents)};
}

Status Journal::compact(const std::vector<FaultRecord>& records) {
  std::string text;
  for (const auto& record : records) text += journal_line(record);
  const auto file = replace_file(journal_file(directory_), text);
  // What is open is then many, and rewriting it again at once would gain nothing.
  compact_above_ = std::max(kCompactAbove, 2 * static_cast<std::int64_t>(text.size()));
  if (!file) return file.error();
  if (file_ >= 0) ::close(file_);
  file_ = *file;
  size_ = static_cast<std::int64_t>(text.size());
  return flush_folder(directory_);  // The new file is the journal from the rename on.
}

Journal::Journal(Journal&& other) noexcept
    : directory_(std::move(other.directory_)),
      file_(std::exchange(other.file_, -1)),
      lock_(std::exchange(other.lock_, -1)),
      size_(other.size_),
      compact_above_(other.compact_above_) {}

Journal::~Journal() {
  if (file_ >= 0) ::close(file_);
  if (lock_ >= 0) ::close(lock_);
}

Status Journal::append(const FaultRecord& record) {
  const std::string line = journal_line(record);
  const auto written = write_all(file_, line, "the journal");
  if (!written) {
    // A half line would make the next one unreadable too.
    if (::ftruncate(file_, size_) != 0) return file_error("cannot repair", "the journal");
    return written.error();
  }
  size_ += static_cast<std::int64_t>(line.size());
  return kDone;
}

}  // namespace faultline::chaos
