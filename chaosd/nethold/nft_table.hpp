#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chaosd/nethold/ruleset.hpp"

struct nft_ctx;

namespace faultline::nethold {

/// Our one nftables table in this network namespace, through libnftables. Knows no
/// other table and never flushes anything. Where the kernel can (5.12), it ties the
/// table to this object's netlink socket: when the process is gone, so is the table.
class NftTable {
 public:
  /// `unavailable` when the library gives no context.
  [[nodiscard]] static Result<NftTable> create(Marks marks);

  /// Lays the rules down and reads them back. `upstream`: the kernel's own words.
  [[nodiscard]] Status install(const chaos::NetRules& rules);
  /// Others in their place, in one transaction that counts anew; what fails changes nothing.
  [[nodiscard]] Status replace(const chaos::NetRules& rules);
  /// The same two with the text of a whole table. `text`: of one that is tied to its owner, or not.
  using Text = std::function<std::string(const Marks& marks, bool owned)>;
  [[nodiscard]] Status lay(const Text& text, int rules);
  [[nodiscard]] Status lay_instead(const Text& text, int rules,
                                   const std::vector<std::string>& chains);
  /// Takes the rules out of one chain of ours; connections that they have met stay as they are.
  [[nodiscard]] Status empty(const std::string& chain);
  /// Removes the table; that there is none is success.
  [[nodiscard]] Status remove();
  /// Packets that met the rules so far; an error when the table is gone.
  [[nodiscard]] Result<std::int64_t> packets();
  /// Whether the kernel removes the table by itself when this process is killed.
  [[nodiscard]] bool owned() const { return owned_; }

 private:
  struct FreeContext {
    void operator()(nft_ctx* context) const;
  };
  NftTable(nft_ctx* context, Marks marks) : context_(context), marks_(std::move(marks)) {}
  [[nodiscard]] Result<std::string> run(const std::string& commands);
  /// Reads back that the kernel has so many rules.
  [[nodiscard]] Status shows(int rules);

  std::unique_ptr<nft_ctx, FreeContext> context_;
  Marks marks_;
  bool owned_ = true;
};

}  // namespace faultline::nethold
