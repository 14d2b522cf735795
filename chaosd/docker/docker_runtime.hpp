#pragma once

#include <memory>
#include <string>

#include "chaosd/docker/docker_engine.hpp"
#include "chaosd/docker/docker_holds.hpp"
#include "chaosd/docker/docker_json.hpp"
#include "chaosd/docker/docker_limits.hpp"
#include "chaosd/docker/docker_marks.hpp"
#include "chaosd/runtime/runtime.hpp"
#include "common/net/http_call.hpp"
#include "common/net/http_stream.hpp"

namespace faultline::chaos {

struct DockerOptions {
  std::string host = "unix:///var/run/docker.sock";  ///< Or tcp://host:port.
  std::string label{kDefaultTargetLabel};            ///< Opt-in label; its value must be "true".
  std::string helper_image{kDefaultHelperImage};     ///< What holds network faults.
  std::shared_ptr<const net::TlsTrust> tls = {};     ///< Of tcp; null: in clear.
};

/// Containers of one Docker Engine. Whether a container
/// has opted in is asked right before each act. One caller at a time; the fault
/// worker and the watch have one each.
class DockerRuntime final : public Runtime {
 public:
  /// `invalid` when `options.host` cannot be used. `book` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<DockerRuntime>> create(const DockerOptions& options,
                                                                     net::AddressBook& book);

  [[nodiscard]] RuntimeKind kind() const override { return RuntimeKind::docker; }
  [[nodiscard]] Result<std::string> describe(Deadline deadline) override;
  /// Asks first whether this is an Engine that will do, and again when it was away.
  [[nodiscard]] Result<std::vector<TargetInfo>> list(Deadline deadline) override;
  [[nodiscard]] Result<TargetInfo> inspect(const std::string& id, Deadline deadline) override;
  Status stop(const std::string& id, std::chrono::seconds grace, Deadline deadline) override;
  Status kill(const std::string& id, Deadline deadline) override;
  Status pause(const std::string& id, Deadline deadline) override;
  Status unpause(const std::string& id, Deadline deadline) override;
  Status start(const std::string& id, Deadline deadline) override;
  [[nodiscard]] Holds* holds() override { return &holds_; }
  [[nodiscard]] LimitsControl* limits() override { return &limits_; }
  [[nodiscard]] OwnershipMarks* marks() override { return &marks_; }
  [[nodiscard]] std::vector<FaultSupport> probe(Deadline deadline) override;
  /// Opening the event stream is a hint as well: what happened before it was open
  /// is in the list that follows, so no event is ever missed and none is replayed.
  Status wait_for_change(Deadline deadline, const std::stop_token& stop) override;

 private:
  DockerRuntime(const std::string& endpoint, const DockerOptions& options, net::AddressBook& book);

  /// By GET /_ping; one that names no version there is asked for GET /version.
  [[nodiscard]] Status meet(Deadline deadline);
  [[nodiscard]] Result<std::vector<TargetInfo>> list_all(Deadline deadline);
  /// Posts `verb` to a container. When the Engine refuses, looks whether what was
  /// asked for is the case anyway: its codes differ by version, the state does not.
  Status act(const TargetInfo& target, const std::string& verb, bool (*is_wanted)(ContainerState),
             Deadline deadline);

  std::string label_;
  net::AddressBook& book_;
  DockerEngine engine_;
  DockerHolds holds_;
  DockerLimits limits_;
  DockerMarks marks_;
  bool met_ = false;
  std::unique_ptr<net::HttpLineStream> events_;  // Open from one wait to the next.
  milliseconds retry_pause_;                     // Of a feed that cannot be opened.
};

/// For who wants one Engine and no others.
[[nodiscard]] inline Result<std::unique_ptr<Runtime>> make_docker_runtime(
    const DockerOptions& options, net::AddressBook& book) {
  auto made = DockerRuntime::create(options, book);
  if (!made) return made.error();
  return std::unique_ptr<Runtime>{std::move(*made)};
}

}  // namespace faultline::chaos
