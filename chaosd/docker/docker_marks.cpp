#include "chaosd/docker/docker_marks.hpp"

namespace faultline::chaos {

namespace {

Result<std::string> volume_name(const FaultId& fault) {
  if (const auto fits = can_be_marked(fault); !fits) return fits.error();
  return "faultline-mark-" + fault.value;
}

Error not_ours(const std::string& name) {
  return {ErrorCode::conflict, "the volume " + name + " is not ours"};
}

}  // namespace

Status DockerMarks::put_mark(const Mark& mark, Deadline deadline) {
  const auto name = volume_name(mark.fault);
  if (!name) return name.error();
  const Labels labels = mark_labels(mark, owner_);
  // Asked for one that is there, the Engine answers with that one, and changes no label of it.
  for (const bool first : {true, false}) {
    const auto answer = engine_.post("/volumes/create", volume_body(*name, labels), deadline);
    if (!answer) return answer.error();
    if (answer->status != 201 && answer->status != 200) return upstream(*answer);
    const auto volume = read_volume(answer->body);
    if (!volume) return unreadable(volume.error());
    if (has_all(volume->labels, labels)) return kDone;
    if (!is_mark(volume->labels, owner_)) return not_ours(*name);
    if (!first) break;
    if (auto removed = remove(*name, deadline); !removed) return removed;
  }
  return Error{ErrorCode::upstream, "the Docker Engine keeps an older volume " + *name};
}

Status DockerMarks::take_mark(const FaultId& fault, const std::string& /*target_id*/,
                              Deadline deadline) {
  const auto name = volume_name(fault);
  if (!name) return name.error();
  const auto volume = look(*name, deadline);
  if (!volume) return volume.error();
  // What another hand calls so has never been a mark, and may have something in it.
  if (!*volume || !is_mark((*volume)->labels, owner_)) return kDone;
  return remove(*name, deadline);
}

Result<FoundMarks> DockerMarks::find_marks(Deadline deadline) {
  const auto answer = engine_.call("GET", "/volumes?filters=" + mark_filter(owner_), deadline);
  if (!answer) return answer.error();
  if (answer->status != 200) return upstream(*answer);
  const auto volumes = read_volumes(answer->body);
  if (!volumes) return unreadable(volumes.error());
  FoundMarks found;
  for (const auto& volume : *volumes) {
    if (!is_mark(volume.labels, owner_)) continue;  // An Engine may know one filter of two.
    const auto mark = read_mark_labels(volume.labels);
    if (mark && *volume_name(mark->fault) == volume.name) {
      found.marks.push_back(*mark);
    } else {
      found.unreadable.push_back("volume " + volume.name + ": " +
                                 (mark ? "it is of another fault" : mark.error().message));
    }
  }
  return found;
}

Result<std::optional<Volume>> DockerMarks::look(const std::string& name, Deadline deadline) {
  const auto answer = engine_.call("GET", "/volumes/" + name, deadline);
  if (!answer) return answer.error();
  if (answer->status == 404) return std::optional<Volume>{};
  if (answer->status != 200) return upstream(*answer);
  auto volume = read_volume(answer->body);
  if (!volume) return unreadable(volume.error());
  return std::optional{std::move(*volume)};
}

Status DockerMarks::remove(const std::string& name, Deadline deadline) {
  const auto answer = engine_.call("DELETE", "/volumes/" + name, deadline);
  if (!answer) return answer.error();
  if (answer->status == 204 || answer->status == 404) return kDone;
  return upstream(*answer);
}

}  // namespace faultline::chaos
