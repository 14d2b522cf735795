#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "chaosd/runtime/disk_fill.hpp"
#include "chaosd/runtime/disk_throttle.hpp"
#include "chaosd/runtime/net_rules.hpp"
#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// What can be held.
using HoldWhat = std::variant<NetRules, DiskFill, DiskThrottle>;

struct HoldOrder {
  FaultId fault;  ///< The mark; one hold per fault.
  std::string target_id;
  HoldWhat what;
  milliseconds deadline{0};  ///< From now. The hold ends itself then, whatever becomes of chaosd.
  milliseconds lease{0};     ///< It ends itself after as long without renew().
};

/// What a hold says of itself, by what the kernel shows.
struct HoldReport {
  std::int64_t rules = 0;  ///< Or files, or limits.
  /// The proof that they are in the way: packets that met the rules, megabytes taken,
  /// ways in which I/O is held back.
  std::int64_t met = 0;
  bool owned = false;     ///< The kernel takes them away when the holder is killed.
  std::string note = {};  ///< What was seen instead, where nothing was met; one sentence.
  /// The rules as they are held now; empty where it is no network fault.
  std::optional<NetRules> laid = {};
};

/// Where it is held, which says what a killed holder may have left.
enum class HoldPlace : std::uint8_t { network, disk, limits };

struct Hold {
  FaultId fault;
  std::string target_id;
  HoldPlace place = HoldPlace::network;
  std::string saved = {};  ///< Of limits: what stood there before, see to_text(DiskThrottle).
};

/// Rules in the network of a target, a file or limits on the disk of its store, held there by
/// something that takes them away by itself at the deadline or when chaosd is not heard
/// of for one lease.
/// Everything is found again by its marks alone: the fault's id. One caller at a time.
/// Errors as of Runtime; `unsupported` when this machine cannot hold anything.
class Holds {
 public:
  virtual ~Holds() = default;
  /// Idempotent: what is held for this fault already is reported.
  virtual Result<HoldReport> hold(const HoldOrder& order, Deadline deadline) = 0;
  /// `not_found`: nothing is held for this fault any more.
  virtual Result<HoldReport> renew(const FaultId& fault, Deadline deadline) = 0;
  /// Holds other rules in the place of those that are held for this fault, in one step: at no
  /// time does a packet meet none of the two. What fails leaves them as they were. `not_found`
  /// as of renew().
  virtual Result<HoldReport> replace(const HoldOrder& order, Deadline deadline) = 0;
  /// Success only when nothing of it is left.
  virtual Status release(const Hold& hold, Deadline deadline) = 0;
  /// Everything that is held by the marks of this chaosd, known to its journal or not.
  virtual Result<std::vector<Hold>> all(Deadline deadline) = 0;
  /// The disk that a target's store is on, and its limits there as they stand now.
  virtual Result<DiskShare> look_at_disk(const FaultId& fault, const std::string& target_id,
                                         Deadline deadline) = 0;
  /// Over several machines: the holds of each, for one that cannot be asked says nothing of
  /// what the others hold. Owned by the runtime.
  [[nodiscard]] virtual std::vector<Holds*> parts() { return {this}; }
  /// Addresses that a network fault must not cut from a target: our own containers, and the
  /// gateways through which published ports come in.
  virtual Result<std::vector<std::string>> exempt(const std::string& target_id,
                                                  Deadline deadline) = 0;
  /// Of these, the addresses of our own containers alone.
  virtual Result<std::vector<std::string>> own_addresses(Deadline deadline) = 0;
  /// Every address that a container on a target's machine has now, whoever's it is.
  virtual Result<std::vector<std::string>> addresses_in_use(const std::string& target_id,
                                                            Deadline deadline) = 0;
};

}  // namespace faultline::chaos
