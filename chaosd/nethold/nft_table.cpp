#include "chaosd/nethold/nft_table.hpp"

#include <nftables/libnftables.h>

namespace faultline::nethold {

void NftTable::FreeContext::operator()(nft_ctx* context) const { nft_ctx_free(context); }

Result<NftTable> NftTable::create(Marks marks) {
  nft_ctx* context = nft_ctx_new(NFT_CTX_DEFAULT);
  if (context == nullptr) return Error{ErrorCode::unavailable, "nftables gives no context"};
  NftTable table{context, std::move(marks)};
  if (nft_ctx_buffer_output(context) != 0 || nft_ctx_buffer_error(context) != 0) {
    return Error{ErrorCode::unavailable, "nftables gives no buffers"};
  }
  return table;
}

Result<std::string> NftTable::run(const std::string& commands) {
  const int failed = nft_run_cmd_from_buffer(context_.get(), commands.c_str());
  std::string said{nft_ctx_get_output_buffer(context_.get())};
  const std::string errors{nft_ctx_get_error_buffer(context_.get())};
  if (failed == 0) return said;
  return Error{ErrorCode::upstream, "nftables: " + errors.substr(0, errors.find('\n'))};
}

Status NftTable::install(const chaos::NetRules& rules) {
  return lay([&rules](const Marks& marks, bool owned) { return ruleset(marks, rules, owned); },
             rules_count(rules));
}

Status NftTable::replace(const chaos::NetRules& rules) {
  return lay_instead(
      [&rules](const Marks& marks, bool owned) { return ruleset(marks, rules, owned); },
      rules_count(rules), chains_of(rules));
}

Status NftTable::lay(const Text& text, int rules) {
  // Where the kernel cannot tie a table to its owner, one may be left of an earlier try.
  if (auto removed = remove(); !removed) return removed;
  auto laid = run(text(marks_, owned_));
  if (!laid && owned_) {
    owned_ = false;
    laid = run(text(marks_, owned_));
  }
  if (!laid) return laid.error();
  return shows(rules);
}

Status NftTable::lay_instead(const Text& text, int rules, const std::vector<std::string>& chains) {
  // Table and chains stay, so that the kernel asks the tables of several faults in the order in
  // which it did, and a chain that translates is never away. The counter is another one: what met
  // the rules of before proves nothing of these.
  std::string commands;
  for (const auto& chain : chains) {
    commands += "flush chain inet " + marks_.table + " " + chain + "\n";
  }
  commands += "delete counter inet " + marks_.table + " met\n" + text(marks_, owned_);
  if (const auto laid = run(commands); !laid) return laid.error();
  return shows(rules);
}

Status NftTable::shows(int rules) {
  const auto listing = run("list table inet " + marks_.table);
  if (!listing) return listing.error();
  if (const int shown = count_rules(*listing); shown != rules) {
    return Error{ErrorCode::upstream, "the kernel shows " + std::to_string(shown) + " rules of " +
                                          std::to_string(rules)};
  }
  return kDone;
}

Status NftTable::empty(const std::string& chain) {
  const auto emptied = run("flush chain inet " + marks_.table + " " + chain);
  if (!emptied) return emptied.error();
  return kDone;
}

Status NftTable::remove() {
  // There is no "delete if there" in nftables before 1.0.7.
  const auto removed = run("delete table inet " + marks_.table);
  if (removed || !run("list table inet " + marks_.table)) return kDone;
  return removed.error();
}

Result<std::int64_t> NftTable::packets() {
  const auto listing = run("list counter inet " + marks_.table + " met");
  if (!listing) return listing.error();
  const auto packets = packets_in(*listing);
  if (packets < 0) return Error{ErrorCode::not_found, "the table " + marks_.table + " is gone"};
  return packets;
}

}  // namespace faultline::nethold
