#include "simulator/host/disks.hpp"

#include "simulator/host/file_store.hpp"

namespace faultline::sim::host {
namespace {

/// type=mem: what it holds ends with the process, and the node's replicas are its memory.
class MemoryStore final : public cluster::NodeStore {
 public:
  void save_identity(cluster::NodeNumber /*node*/, cluster::StoreNumber /*store*/,
                     const std::string& /*cluster_id*/) override {}
  void save_copy(const cluster::Copy& /*copy*/) override {}
  void save_change(const cluster::Copy& /*copy*/, const cluster::Change& /*change*/) override {}
  void drop_copy(cluster::RangeNumber /*range*/) override {}
  void save_addresses(const std::vector<std::string>& /*addresses*/) override {}
};

std::string owner_text(const cluster::SavedStore& saved) {
  return "node " + std::to_string(saved.node) + " of cluster " + saved.cluster_id;
}

}  // namespace

Result<Disks> open_disks(const std::vector<StoreSpec>& specs) {
  Disks all;
  const StoreSpec* first = nullptr;  // That belongs to somebody.
  cluster::SavedStore owner;
  for (const StoreSpec& spec : specs) {
    cluster::Disk disk;
    disk.attributes = spec.attributes;
    disk.capacity = spec.size.value_or(cluster::kDiskBytes);
    if (spec.path.empty()) {
      all.keepers.push_back(std::make_unique<MemoryStore>());
    } else {
      auto opened = FileStore::open(spec.path);
      if (!opened) return opened.error();
      disk.saved = (*opened)->take_saved();
      all.keepers.push_back(std::move(*opened));
    }
    disk.keeper = all.keepers.back().get();
    const cluster::SavedStore& saved = disk.saved;
    if (saved.node != 0 && first == nullptr) {
      first = &spec;
      owner.node = saved.node;
      owner.cluster_id = saved.cluster_id;
    }
    if (saved.node != 0 && (saved.node != owner.node || saved.cluster_id != owner.cluster_id)) {
      return Error{ErrorCode::conflict,
                   spec.path + " belongs to " + owner_text(saved) + ", " + first->path + " to " +
                       owner_text(owner) + "; give one node's stores",
                   "--store"};
    }
    all.disks.push_back(std::move(disk));
  }
  return all;
}

}  // namespace faultline::sim::host
