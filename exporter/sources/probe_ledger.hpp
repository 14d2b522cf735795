#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/cluster/probe.hpp"

namespace faultline::sources {

/// One write: through `owner`, into one of its slots, with a number that no other has.
struct ProbeWrite {
  NodeId owner;
  std::int64_t slot = 0;
  std::int64_t seq = 0;
  bool operator==(const ProbeWrite&) const = default;
};

/// How a write ended for the one who sent it.
enum class WriteEnd : std::uint8_t { acknowledged, refused, ambiguous };

/// What an error says about a write that was sent. Refused only where the server surely
/// did nothing; 57014, 40003, 58C00, a broken connection, a deadline and whatever else is
/// unclear are ambiguous (recorded: five of five such writes landed 25 s later).
[[nodiscard]] WriteEnd judge_write(const Error& error);

/// Keeps account of every write, and of what reading back says about it. Pure state: time
/// is passed in, and the owner guards it against other threads.
///
/// Each node has a ring of slots, each one row of the table. A slot whose write is
/// ambiguous is left alone until the write is found, or until it was not there for so long
/// that it is called absent; so no write hides what became of another.
class ProbeLedger {
 public:
  static constexpr std::int64_t kSlots = 64;
  /// With so many unresolved writes a node's next ones go into a slot that is not read back,
  /// until some are resolved: how they ended is still counted.
  static constexpr std::int64_t kUnresolvedMax = 32;
  static constexpr std::int64_t kUnwatched = kSlots;
  /// An ambiguous write that is not there so long after it was sent is absent.
  static constexpr milliseconds kWatch{120'000};

  [[nodiscard]] ProbeWrite begin_write(NodeId owner);
  void end_write(const ProbeWrite& write, WriteEnd end, WallTime now);
  /// The table is gone, and with it what was in it: nothing that was written so far, or is on its
  /// way, is looked for any more. It stays counted by how it ended.
  void forget();

  /// What the rows of `owner` must be, taken before they are read.
  struct Expectation {
    NodeId owner;
    struct Slot {
      std::int64_t slot;
      std::int64_t seq;
      WriteEnd end;
    };
    std::vector<Slot> slots;
  };
  [[nodiscard]] Expectation expect(NodeId owner) const;
  /// `found` is slot to number, all rows of the owner as a read that began after `expect`
  /// gave them. What was written meanwhile is not judged.
  void settle(const Expectation& expected, const std::map<std::int64_t, std::int64_t>& found,
              WallTime now);

  [[nodiscard]] LedgerCounts counts() const;

 private:
  struct Slot {
    std::int64_t seq = 0;
    WriteEnd end = WriteEnd::acknowledged;
    bool used = false;
    bool in_flight = false;
    bool judged = false;     ///< Lost or phantom, and counted.
    bool forgotten = false;  ///< In flight when its table was gone.
    WallTime open_since;
    std::vector<std::int64_t> abandoned;  ///< Called absent; may still come, late.
  };
  struct Ring {
    std::vector<Slot> slots = std::vector<Slot>(kSlots);
    std::int64_t next = 0;
    std::int64_t unresolved = 0;
  };

  [[nodiscard]] static bool is_unresolved(const Slot& slot) {
    return slot.used && !slot.in_flight && slot.end == WriteEnd::ambiguous;
  }
  void settle_slot(Ring& ring, Slot& slot, WriteEnd expected, std::int64_t found, WallTime now);
  static Slot& slot_of(Ring& ring, std::int64_t slot) {
    return ring.slots.at(static_cast<std::size_t>(slot));
  }

  std::map<NodeId, Ring> rings_;
  std::int64_t last_seq_ = 0;
  LedgerCounts counts_;
};

}  // namespace faultline::sources
