#include "chaosd/nethold/shaper.hpp"

#include <algorithm>

#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/class.h>
#include <netlink/route/link.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/htb.h>
#include <netlink/route/qdisc/netem.h>
#include <netlink/route/qdisc/tbf.h>
#include <netlink/route/tc.h>

namespace faultline::nethold {

using chaos::NetEffect;
using chaos::NetRules;

namespace {

constexpr std::uint32_t kRoot = 0xFFFFFFFFU;               // TC_H_ROOT
constexpr std::uint64_t kUnlimited = 10'000'000'000U / 8;  // Bytes a second; more than veth does.
constexpr std::uint64_t kLeastQueue = 64'000;              // Bytes: a segment of the largest.

template <class Object, void (*put)(Object*)>
struct Put {
  void operator()(Object* object) const { put(object); }
};
using Qdisc = std::unique_ptr<rtnl_qdisc, Put<rtnl_qdisc, rtnl_qdisc_put>>;
using Class = std::unique_ptr<rtnl_class, Put<rtnl_class, rtnl_class_put>>;
using Cache = std::unique_ptr<nl_cache, Put<nl_cache, nl_cache_free>>;

std::uint32_t handle(std::uint32_t major, std::uint32_t minor) { return (major << 16U) | minor; }

Error failed(const std::string& what, int code) {
  return {ErrorCode::upstream, what + ": " + nl_geterror(code)};
}

Qdisc make_qdisc(int device, std::uint32_t parent, std::uint32_t own, const char* kind) {
  Qdisc qdisc{rtnl_qdisc_alloc()};
  rtnl_tc_set_ifindex(TC_CAST(qdisc.get()), device);
  rtnl_tc_set_parent(TC_CAST(qdisc.get()), parent);
  rtnl_tc_set_handle(TC_CAST(qdisc.get()), own);
  rtnl_tc_set_kind(TC_CAST(qdisc.get()), kind);
  return qdisc;
}

int in_microseconds(std::chrono::milliseconds time) {
  return static_cast<int>(time.count() * 1000);
}

}  // namespace

std::uint32_t burst_of(std::uint64_t rate) {
  constexpr std::uint64_t kPacket = 2'000;
  return static_cast<std::uint32_t>(std::max(kPacket, rate / 100));
}

void Shaper::FreeSocket::operator()(nl_sock* socket) const { nl_socket_free(socket); }

Result<Shaper> Shaper::create(const Marks& marks, Devices which) {
  nl_sock* socket = nl_socket_alloc();
  if (socket == nullptr) return Error{ErrorCode::unavailable, "no netlink socket"};
  Shaper shaper{socket, marks.major, which};
  if (const int code = nl_connect(socket, NETLINK_ROUTE); code < 0) return failed("netlink", code);
  return shaper;
}

Result<std::vector<int>> Shaper::devices() {
  nl_cache* all = nullptr;
  if (const int code = rtnl_link_alloc_cache(socket_.get(), AF_UNSPEC, &all); code < 0) {
    return failed("the devices cannot be listed", code);
  }
  const Cache cache{all};
  std::vector<int> found;
  for (nl_object* item = nl_cache_get_first(all); item != nullptr; item = nl_cache_get_next(item)) {
    auto* link = reinterpret_cast<rtnl_link*>(item);
    const unsigned flags = rtnl_link_get_flags(link);
    const bool is_loopback = (flags & IFF_LOOPBACK) != 0;
    const bool wanted = which_ == Devices::loopback ? is_loopback : !is_loopback;
    if (wanted && (flags & IFF_UP) != 0) found.push_back(rtnl_link_get_ifindex(link));
  }
  return found;
}

Status Shaper::install(const NetRules& rules) {
  if (auto removed = remove(); !removed) return removed;
  const auto found = devices();
  if (!found) return found.error();
  if (found->empty()) return Error{ErrorCode::conflict, "there is no network device to slow down"};
  for (const int device : *found) {
    if (auto installed = install_on(device, rules); !installed) {
      (void)remove();  // What failed is what is told.
      return installed;
    }
  }
  return kDone;
}

Status Shaper::extend(const NetRules& rules) {
  const auto found = devices();
  if (!found) return found.error();
  for (const int device : *found) {
    // One that lost ours was not left by us, and is told by packets().
    if (std::find(shaped_.begin(), shaped_.end(), device) != shaped_.end()) continue;
    if (auto installed = install_on(device, rules); !installed) return installed;
  }
  return kDone;
}

Status Shaper::install_on(int device, const NetRules& rules) {
  const Qdisc root = make_qdisc(device, kRoot, handle(major_, 0), "htb");
  rtnl_htb_set_defcls(root.get(), 0);  // What has no class is sent as if we were not there.
  int code = rtnl_qdisc_add(socket_.get(), root.get(), NLM_F_CREATE | NLM_F_EXCL);
  if (code == -NLE_EXIST) {
    return Error{ErrorCode::conflict, "a network device has a queueing discipline of another hand"};
  }
  if (code < 0) return failed("htb", code);
  shaped_.push_back(device);

  const Class shaped{rtnl_class_alloc()};
  rtnl_tc_set_ifindex(TC_CAST(shaped.get()), device);
  rtnl_tc_set_parent(TC_CAST(shaped.get()), handle(major_, 0));
  rtnl_tc_set_handle(TC_CAST(shaped.get()), handle(major_, 1));
  rtnl_tc_set_kind(TC_CAST(shaped.get()), "htb");
  // The class only sorts out what is meant; its leaf slows it down.
  rtnl_htb_set_rate64(shaped.get(), kUnlimited);
  rtnl_htb_set_ceil64(shaped.get(), kUnlimited);
  rtnl_htb_set_rbuffer(shaped.get(), burst_of(kUnlimited));
  rtnl_htb_set_cbuffer(shaped.get(), burst_of(kUnlimited));
  code = rtnl_class_add(socket_.get(), shaped.get(), NLM_F_CREATE | NLM_F_EXCL);
  if (code < 0) return failed("htb class", code);
  return add_leaf(device, rules);
}

Status Shaper::add_leaf(int device, const NetRules& rules) {
  const bool delays = rules.effect == NetEffect::delay;
  const Qdisc leaf = make_qdisc(device, handle(major_, 1), 0, delays ? "netem" : "tbf");
  if (delays) {
    rtnl_netem_set_delay(leaf.get(), in_microseconds(rules.delay));
    if (rules.jitter.count() > 0) rtnl_netem_set_jitter(leaf.get(), in_microseconds(rules.jitter));
    // The default of 1000 packets drops silently where much is under way.
    rtnl_netem_set_limit(leaf.get(), 100'000);
  } else {
    const auto rate = static_cast<std::uint64_t>(rules.rate_kbit) * 1000 / 8;
    rtnl_qdisc_tbf_set_rate(leaf.get(), static_cast<int>(rate), static_cast<int>(burst_of(rate)),
                            0);
    // A tenth of a second's worth: a longer queue would be a latency fault in disguise. tbf cuts a
    // segment that is larger than the burst into packets; with a queue that drops it as a whole,
    // one connection got a fifth of 1 Mbit/s.
    const auto queue = std::max<std::uint64_t>(kLeastQueue, rate / 10);
    rtnl_qdisc_tbf_set_limit(leaf.get(), static_cast<int>(queue));
  }
  const int code = rtnl_qdisc_add(socket_.get(), leaf.get(), NLM_F_CREATE | NLM_F_EXCL);
  if (code == -NLE_OBJ_NOTFOUND) {
    return Error{ErrorCode::unsupported, std::string{"this kernel has no "} +
                                             (delays ? "netem (sch_netem)" : "tbf (sch_tbf)")};
  }
  if (code < 0) return failed(delays ? "netem" : "tbf", code);
  return kDone;
}

Status Shaper::remove() {
  const auto found = devices();
  if (!found) return found.error();
  nl_cache* all = nullptr;
  if (const int code = rtnl_qdisc_alloc_cache(socket_.get(), &all); code < 0) {
    return failed("the queueing disciplines cannot be listed", code);
  }
  const Cache cache{all};
  for (const int device : *found) {
    rtnl_qdisc* root = rtnl_qdisc_get(all, device, handle(major_, 0));
    if (root == nullptr) continue;
    const Qdisc ours{root};
    const int code = rtnl_qdisc_delete(socket_.get(), ours.get());
    if (code < 0 && code != -NLE_OBJ_NOTFOUND && code != -NLE_NODEV) return failed("htb", code);
  }
  shaped_.clear();
  return kDone;
}

Result<std::int64_t> Shaper::packets() {
  const auto found = devices();
  if (!found) return found.error();
  std::int64_t packets = 0;
  for (const int device : *found) {
    nl_cache* all = nullptr;
    if (const int code = rtnl_class_alloc_cache(socket_.get(), device, &all); code < 0) {
      return failed("the classes cannot be listed", code);
    }
    const Cache cache{all};
    const Class ours{rtnl_class_get(all, device, handle(major_, 1))};
    if (!ours) return Error{ErrorCode::not_found, "our queueing discipline is gone"};
    packets += static_cast<std::int64_t>(rtnl_tc_get_stat(TC_CAST(ours.get()), RTNL_TC_PACKETS));
  }
  return packets;
}

}  // namespace faultline::nethold
