#include "simulator/cluster/profile.hpp"

#include "common/base/ensure.hpp"

namespace faultline::sim::cluster {

const std::vector<Profile>& profiles() {
  // The store descriptor's TTL fell from 120 s to 20 s together with the least value of
  // server.time_until_store_dead (75 s to 25 s).
  static const std::vector<Profile> kProfiles = {
      {Release::v22_1, "22.1", "v22.1.0-alpha.20220214", "21.2-62", "go1.19.8", 9, 4.5, 3, 120, 75},
      {Release::v22_2, "22.2", "v22.2.19", "22.2", "go1.19.10", 9, 4.5, 3, 120, 75},
      {Release::v23_1, "23.1", "v23.1.14", "23.1", "go1.19.13", 6, 3, 2, 120, 75},
      {Release::v24_3, "24.3", "v24.3.8", "24.3", "go1.22.8", 6, 3, 2, 20, 25},
      {Release::v25_2, "25.2", "v25.2.2", "25.2", "go1.23.7", 6, 3, 2, 20, 25},
      {Release::v25_4, "25.4", "v25.4.1", "25.4", "go1.23.12", 6, 3, 2, 20, 25},
      {Release::v26_1, "26.1", "v26.1.0", "26.1", "go1.25.5", 6, 3, 2, 20, 25},
  };
  return kProfiles;
}

const Profile& profile(Release release) {
  const auto at = static_cast<std::size_t>(release);
  FAULTLINE_ENSURE(at < profiles().size(), "every release has a profile, in order");
  return profiles()[at];
}

const Profile* find_profile(std::string_view name) {
  if (name.starts_with('v')) name.remove_prefix(1);
  for (const Profile& each : profiles()) {
    if (name == each.name) return &each;
  }
  return nullptr;
}

std::string profile_names() {
  std::string names;
  for (const Profile& each : profiles())
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  return names;
}

std::string Profile::tag_text() const { return std::string(build_tag) + "-crdbsim"; }

std::string Profile::version_text() const {
  return "CockroachDB CCL " + tag_text() + " (simulated by Faultline, linux amd64, built , " +
         go_version + ")";
}

}  // namespace faultline::sim::cluster
