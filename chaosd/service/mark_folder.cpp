#include "chaosd/service/mark_folder.hpp"

#include <cerrno>
#include <filesystem>

#include <unistd.h>

#include "chaosd/service/checked_line.hpp"
#include "chaosd/service/durable_file.hpp"
#include "chaosd/service/file_error.hpp"
#include "common/base/read_file.hpp"
#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

constexpr std::string_view kEnding = ".mark";

Result<Mark> read_text(std::string_view text) {
  const auto end = text.find('\n');
  const auto body = body_of_line(text.substr(0, end));
  if (!body) return Error{ErrorCode::malformed, "it was written in part, or changed"};
  const auto document = wire::parse_json(*body);
  if (!document) return document.error();
  MarkFields fields;
  for (const auto& [name, value] : document->items()) {
    if (value.is_string()) fields[name] = value.get<std::string>();
  }
  return read_mark(fields);
}

Status remove(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return kDone;
  return file_error("cannot remove", path);
}

}  // namespace

std::string MarkFolder::path_of(const FaultId& fault) const {
  return folder_ + "/" + fault.value + std::string{kEnding};
}

Status MarkFolder::put_mark(const Mark& mark, Deadline) {
  if (auto fits = can_be_marked(mark.fault); !fits) return fits;
  std::error_code problem;
  std::filesystem::create_directories(folder_, problem);
  if (problem) {
    return Error{ErrorCode::unavailable, "cannot create " + folder_ + ": " + problem.message()};
  }
  return DurableFile{path_of(mark.fault)}.replace(
      checked_line(wire::dump(nlohmann::json(to_fields(mark)))));
}

Status MarkFolder::take_mark(const FaultId& fault, const std::string& /*target_id*/, Deadline) {
  if (auto fits = can_be_marked(fault); !fits) return fits;
  if (auto removed = remove(path_of(fault)); !removed) return removed;
  return remove(path_of(fault) + ".new");  // Of a chaosd that died while it wrote.
}

Result<FoundMarks> MarkFolder::find_marks(Deadline) {
  std::error_code problem;
  FoundMarks found;
  std::filesystem::directory_iterator file{folder_, problem};
  if (problem == std::errc::no_such_file_or_directory) return found;
  for (; !problem && file != std::filesystem::directory_iterator{}; file.increment(problem)) {
    const std::string path = file->path().string();
    if (!path.ends_with(kEnding)) continue;
    const auto text = read_file(path);
    if (!text && text.error().code == ErrorCode::not_found) continue;  // Taken since.
    const auto mark = text ? read_text(*text) : Result<Mark>{text.error()};
    if (mark) {
      found.marks.push_back(*mark);
    } else {
      found.unreadable.push_back(path + ": " + mark.error().message);
    }
  }
  if (problem) {
    return Error{ErrorCode::unavailable, "cannot read " + folder_ + ": " + problem.message()};
  }
  return found;
}

}  // namespace faultline::chaos
