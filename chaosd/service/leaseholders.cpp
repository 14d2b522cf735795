#include "chaosd/service/leaseholders.hpp"

#include <poll.h>

#include "common/wire/json_read.hpp"
#include "common/wire/table_leases_json.hpp"

namespace faultline::chaos {

namespace {

using State = TableLeases::State;

constexpr int kBetweenMs = 50;

/// Everything but letters and digits, so that a name is nothing but a name.
std::string percent_encoded(const std::string& text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char letter : text) {
    const auto c = static_cast<unsigned char>(letter);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain) {
      out += letter;
    } else {
      out += '%';
      out += kDigits[c >> 4U];
      out += kDigits[c & 0x0FU];
    }
  }
  return out;
}

/// The sentence of a problem+json, if it is one.
std::string detail_of(const std::string& body) {
  const auto document = wire::parse_json(body);
  if (!document || !document->is_object()) return "";
  return wire::ObjectReader{*document, ""}.maybe_text("detail").value_or("");
}

}  // namespace

Result<TableLeases> ExporterLeaseholders::look(const std::string& table, Deadline deadline) {
  const auto answer = client_.call({exporter_,
                                    "GET",
                                    "/api/v1/leaseholders?table=" + percent_encoded(table),
                                    {{"Accept", "application/json"}}},
                                   deadline);
  if (!answer) {
    return Error{answer.error().code, "the exporter does not answer: " + answer.error().message};
  }
  const auto detail = answer->status == 200 ? "" : detail_of(answer->body);
  if (answer->status == 400) return Error{ErrorCode::invalid, detail};
  if (answer->status != 200) {
    return Error{ErrorCode::unsupported,
                 "this exporter does not tell leaseholders" +
                     (detail.empty() ? "; use a newer one" : ": " + detail)};
  }
  return wire::read_table_leases(answer->body);
}

Result<TableLeases> ExporterLeaseholders::ask(const std::string& table) {
  const Deadline deadline = clock_.now().steady + kLimit;
  while (true) {
    auto leases = look(table, deadline);
    if (!leases) return leases;
    switch (leases->state) {
      case State::known:
        if (!leases->holders.empty()) return leases;
        return Error{ErrorCode::conflict, leases->table + " has no range with a lease"};
      case State::unknown: return Error{ErrorCode::conflict, leases->reason};
      case State::reading: break;
    }
    if (clock_.now().steady >= deadline) {
      return Error{ErrorCode::timeout, "the exporter had no answer from the cluster in time"};
    }
    (void)::poll(nullptr, 0, kBetweenMs);
  }
}

}  // namespace faultline::chaos
