#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace faultline::chaos {

/// How far a chain of lines has been followed. Each line names, as `prev`, the SHA-256 of
/// the line before and, as `seq`, its own number: whoever changes, takes out or slips in a
/// line breaks the chain behind it. It does not protect the newest line, nor against
/// someone who writes the whole of it anew: that takes a copy elsewhere.
struct AuditChain {
  std::int64_t entries = 0;
  std::int64_t torn = 0;  ///< Lines that are no entry: a crash cut them short.
  std::int64_t last_seq = 0;
  std::string head;    ///< SHA-256 of the last line; empty: there is none.
  std::string broken;  ///< Where and how, of the first break; empty: it is whole.
};

/// Follows the chain through the lines of one more file, oldest file first. Pure. What was
/// rotated away cannot be checked, so the first line of all may point to anything.
void follow(AuditChain& chain, std::string_view text, const std::string& file);

/// "4711 entries, the chain is whole", for people.
[[nodiscard]] std::string describe(const AuditChain& chain);

}  // namespace faultline::chaos
