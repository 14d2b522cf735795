#include "common/cluster/probe.hpp"

#include "common/base/ensure.hpp"

namespace faultline {

std::string_view to_string(ProbeOperation value) {
  switch (value) {
    case ProbeOperation::select: return "select";
    case ProbeOperation::write: return "write";
    case ProbeOperation::read: return "read";
  }
  FAULTLINE_ENSURE(false, "an enumerator of the type");
}

}  // namespace faultline
