#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/cluster/states.hpp"

namespace faultline::chaos {

/// What says, outside of the journal, that a target is down, frozen or held back by us, and all
/// that taking it back needs.
struct Mark {
  FaultId fault;  ///< One mark per fault.
  FaultKind kind = FaultKind::stop;
  std::string target_id;
  std::string target;   ///< Its name, for people.
  std::string touched;  ///< The run that is known to be ours; empty: not proven yet.
  std::chrono::seconds grace{0};
  std::string saved;  ///< What undoing must know of the world before; see Fault::save.
  WallTime since;     ///< When the fault was asked for.
  WallTime until;     ///< Its deadline.
  bool operator==(const Mark&) const = default;
};

/// By name, each value one line of text; for whoever keeps marks.
using MarkFields = std::map<std::string, std::string>;
[[nodiscard]] MarkFields to_fields(const Mark& mark);
/// `malformed` with the name of the field that is missing or wrong.
[[nodiscard]] Result<Mark> read_mark(const MarkFields& fields);
/// Marks are found by it, so it becomes part of a name: lower case letters, digits and -.
[[nodiscard]] Status can_be_marked(const FaultId& fault);

struct FoundMarks {
  std::vector<Mark> marks;
  std::vector<std::string> unreadable;  ///< Of ours, but nobody can tell for what; with the reason.
};

/// Marks of ours in the world that the runtime is about, where they outlive chaosd and its journal.
/// One caller at a time, but others may have objects over the same marks. Errors as of Runtime.
class OwnershipMarks {
 public:
  virtual ~OwnershipMarks() = default;
  /// Success only when it is there to be found; takes the place of an earlier one of the fault.
  virtual Status put_mark(const Mark& mark, Deadline deadline) = 0;
  /// Success only when there is none of this fault on its target.
  virtual Status take_mark(const FaultId& fault, const std::string& target_id,
                           Deadline deadline) = 0;
  /// All marks of this chaosd, known to its journal or not.
  virtual Result<FoundMarks> find_marks(Deadline deadline) = 0;
  /// Those where the target is, and maybe others.
  virtual Result<FoundMarks> find_marks_of(const std::string& /*target_id*/, Deadline deadline) {
    return find_marks(deadline);
  }
  /// Over several machines: the marks of each, for one that cannot be asked says nothing of the
  /// others. Owned by the runtime.
  [[nodiscard]] virtual std::vector<OwnershipMarks*> mark_parts() { return {this}; }
};

}  // namespace faultline::chaos
