#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "common/base/result.hpp"
#include "simulator/cluster/node.hpp"

namespace faultline::sim::host {

/// A store directory: one append-only file of JSON lines, read back and rewritten
/// at each start. A line that was cut short by a crash ends the reading. Written before
/// any message goes out, so that a node killed with SIGKILL keeps its promises; not
/// synced, so a crash of the machine is not covered. Called under the engine's lock.
class FileStore final : public cluster::NodeStore {
 public:
  static Result<std::unique_ptr<FileStore>> open(const std::string& directory);
  ~FileStore() override;
  FileStore(const FileStore&) = delete;
  FileStore& operator=(const FileStore&) = delete;

  /// What was there at open(). Moves it out: once.
  [[nodiscard]] cluster::SavedStore take_saved() { return std::move(saved_); }

  void save_identity(cluster::NodeNumber node, cluster::StoreNumber store,
                     const std::string& cluster_id) override;
  void save_copy(const cluster::Copy& copy) override;
  void save_change(const cluster::Copy& copy, const cluster::Change& change) override;
  void drop_copy(cluster::RangeNumber range) override;
  void save_addresses(const std::vector<std::string>& addresses) override;

 private:
  FileStore(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  void read();
  Status rewrite();
  void apply_line(const std::string& line);
  void append(const std::string& line);

  std::string path_;
  int lock_ = -1;  ///< Held while the node lives: two nodes in one store would diverge.
  int file_ = -1;
  std::size_t bytes_ = 0, bytes_after_rewrite_ = 0;
  cluster::SavedStore saved_;
  cluster::SavedStore mirror_;  ///< What the file says, for the rewrite when it has grown.
};

}  // namespace faultline::sim::host
