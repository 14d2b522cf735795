#include "chaosd/http/later.hpp"

#include <exception>
#include <utility>

#include "chaosd/http/reply.hpp"

namespace faultline::chaos {

void answer_later(const Api::Parts& parts, const Responder& respond, std::function<Reply()> make) {
  if (!parts.guard.may_block()) return respond(make());
  const auto work = [respond, make = std::move(make), log = parts.log] {
    Reply reply;
    try {
      reply = make();
    } catch (const std::exception& exception) {
      log->error("plan failed error={}", exception.what());
      reply = error_reply({ErrorCode::internal, exception.what()});
    }
    respond(std::move(reply));
  };
  const auto refuse = [respond](const Error& error) {
    Reply reply = error_reply(error);
    reply.headers.emplace_back("Retry-After", "1");
    respond(std::move(reply));
  };
  const auto accepted = parts.desk.submit(work, [refuse] {
    refuse({ErrorCode::unavailable,
            "nothing was done: it has waited for too long behind other plans; try again"});
  });
  if (!accepted) refuse(accepted.error());
}

}  // namespace faultline::chaos
