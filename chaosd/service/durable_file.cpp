#include "chaosd/service/durable_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "chaosd/service/file_error.hpp"
#include "common/base/read_file.hpp"

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

Result<int> replace_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return file_error("cannot create", fresh);
  if (auto written = write_all(file, text, fresh); !written) {
    ::close(file);
    ::unlink(fresh.c_str());  // It may be what fills the disk.
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

}  // namespace

DurableFile::DurableFile(DurableFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      keeps_old_(other.keeps_old_),
      size_(other.size_),
      compact_above_(other.compact_above_) {}

DurableFile::~DurableFile() {
  if (file_ >= 0) ::close(file_);
}

Status DurableFile::append(std::string_view lines) {
  if (file_ < 0 && !keeps_old_) return replace(lines);  // The first of all.
  if (file_ < 0) {
    if (auto opened = open_old(); !opened) return opened;
  }
  const auto written = write_all(file_, lines, path_);
  if (!written) {
    if (::ftruncate(file_, size_) != 0) return file_error("cannot repair", path_);
    return written.error();
  }
  size_ += static_cast<std::int64_t>(lines.size());
  return kDone;
}

void DurableFile::keep_old() {
  if (file_ >= 0) return;  // It was rewritten, and then something else failed.
  keeps_old_ = true;
  (void)open_old();  // What it says then, the next append says.
}

Status DurableFile::open_old() {
  const auto text = read_file(path_);
  if (!text)
    return Error{ErrorCode::unavailable, "cannot read " + path_ + ": " + text.error().message};
  const int file = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) return file_error("cannot open", path_);
  const auto last = text->rfind('\n');
  const auto whole = static_cast<std::int64_t>(last == std::string::npos ? 0 : last + 1);
  if (whole != static_cast<std::int64_t>(text->size()) && ::ftruncate(file, whole) != 0) {
    const Error error = file_error("cannot repair", path_);
    ::close(file);
    return error;
  }
  file_ = file;
  size_ = whole;
  return kDone;
}

Status DurableFile::replace(std::string_view text) {
  const auto file = replace_file(path_, text);
  // What is kept is then much, and rewriting it again at once would gain nothing.
  compact_above_ = std::max(kCompactAbove, 2 * static_cast<std::int64_t>(text.size()));
  if (!file) return file.error();
  if (file_ >= 0) ::close(file_);
  file_ = *file;
  size_ = static_cast<std::int64_t>(text.size());
  // The new file is the one from the rename on.
  return flush_folder(std::filesystem::path{path_}.parent_path().string());
}

Status keep_a_copy(const std::string& path) {
  std::error_code problem;
  std::filesystem::copy_file(path, path + ".corrupt",
                             std::filesystem::copy_options::overwrite_existing, problem);
  if (!problem) return kDone;
  return Error{ErrorCode::unavailable,
               "cannot keep a copy of " + path +
                   ", which has lines that cannot be read: " + problem.message()};
}

Result<std::string> read_if_there(const std::string& path) {
  auto text = read_file(path);
  if (!text && text.error().code == ErrorCode::not_found) return std::string{};
  return text;
}

}  // namespace faultline::chaos
