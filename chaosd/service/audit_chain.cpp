#include "chaosd/service/audit_chain.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "chaosd/service/digest.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

struct Link {
  std::int64_t seq = 0;
  std::string prev;
};

std::optional<Link> link_of(std::string_view line) {
  const auto document = wire::parse_json(line);
  if (!document || !document->is_object()) return std::nullopt;
  wire::ObjectReader reader{*document, ""};
  Link link{reader.integer("seq"), reader.text("prev")};
  if (reader.error()) return std::nullopt;
  return link;
}

/// What is wrong with this line behind that chain; empty: nothing.
std::string fault_of(const AuditChain& chain, const Link& link) {
  const bool is_first = chain.entries == 0 && chain.torn == 0;
  if (is_first) {
    return link.seq == 1 && !link.prev.empty() ? "is the first, but points to one before" : "";
  }
  if (link.prev != chain.head) return "does not follow the line before it";
  if (chain.last_seq != 0 && link.seq != chain.last_seq + 1) {
    return "has number " + std::to_string(link.seq) + " after " + std::to_string(chain.last_seq);
  }
  return "";
}

}  // namespace

void follow(AuditChain& chain, std::string_view text, const std::string& file) {
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto link = link_of(line);
    if (link) {
      const std::string fault = fault_of(chain, *link);
      if (!fault.empty() && chain.broken.empty()) {
        chain.broken = "line " + std::to_string(number) + " of " + file + " " + fault;
      }
      chain.last_seq = link->seq;
      chain.entries += 1;
    } else {
      chain.torn += 1;
    }
    chain.head = sha256_hex(line);
  }
}

std::string describe(const AuditChain& chain) {
  std::string text = std::to_string(chain.entries) + " entries";
  if (chain.torn > 0) text += ", " + std::to_string(chain.torn) + " lines cut short";
  return text +
         (chain.broken.empty() ? ", the chain is whole" : ", the chain is broken: " + chain.broken);
}

}  // namespace faultline::chaos
