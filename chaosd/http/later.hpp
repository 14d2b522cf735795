#pragma once

#include <functional>

#include "chaosd/http/api.hpp"

namespace faultline::chaos {

/// Answers now when nobody has to be waited for, else from the plan desk's thread; 503, with
/// nothing done, when too many wait there already, or when it has waited there for too long.
void answer_later(const Api::Parts& parts, const Responder& respond, std::function<Reply()> make);

}  // namespace faultline::chaos
